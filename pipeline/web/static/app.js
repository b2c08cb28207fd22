// Adds keys, marks without reloading, previews and live news to pages that work without it. Everything it writes into
// a page is text; markup comes from our own server only.
"use strict";
(() => {
  const token = document.documentElement.dataset.token;
  const $ = (selector, within = document) => within.querySelector(selector);
  const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
  const say = (words) => { $("#live").textContent = words; };
  // What went wrong stands at the top of the page, in words.
  const wrong = (words) => {
    let line = $("#wrong");
    if (!line) {
      line = document.createElement("p");
      line.id = "wrong"; line.className = "wrong"; line.setAttribute("role", "alert");
      $("#main").prepend(line);
    }
    line.textContent = words;
  };
  const AWAY = "Newswire does not answer. Is it running? Nothing was changed; try again in a moment.";
  // What helps while reading or typing may fail in silence: the page works without it.
  const asked = async (path) => { try { const answer = await fetch(path); return answer.ok && !answer.redirected ? answer : null; } catch { return null; } };
  const post = (path, fields) => fetch(path, {
    method: "POST", headers: { accept: "application/json", "x-form-token": token, "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams(fields),
  });
  const rows = () => $$(".river .row, .beside .row");
  const reading = $(".reading");
  let at = reading ? rows().findIndex((row) => row.dataset.id === reading.dataset.id) : -1;

  const focus = (n, follow = true) => {
    const list = rows();
    if (!list.length) return;
    at = Math.max(0, Math.min(n, list.length - 1));
    list.forEach((row, i) => row.classList.toggle("current", i === at));
    if (follow) $("h3 a", list[at]).focus({ preventScroll: true });
    list[at].scrollIntoView({ block: "nearest" });
  };
  if (!reading && location.hash.startsWith("#a-")) at = rows().findIndex((row) => `#a-${encodeURIComponent(row.dataset.id)}` === location.hash);
  if (at >= 0) focus(at, false);

  const current = () => reading || rows()[at];
  const shown = (id) => rows().filter((row) => row.dataset.id === id);
  const mark = async (element, kind, wanted) => {
    const id = element.dataset.id;
    let answer;
    try { answer = await post("/marks", { article: id, [kind]: wanted ? "yes" : "no" }); } catch { wrong(AWAY); return; }
    if (answer.redirected) { wrong("You are no longer logged in; reload the page."); return; }
    if (!answer.ok) { wrong("That was not kept; reload the page and try again."); return; }
    const state = (await answer.json())[id];
    if ($("#wrong")) $("#wrong").remove();
    for (const row of shown(id)) { row.classList.toggle("read", state.read); row.classList.toggle("starred", state.starred); }
    if (reading && reading.dataset.id === id) {
      reading.dataset.read = state.read ? "yes" : "no";
      reading.dataset.starred = state.starred ? "yes" : "no";
      const [read, star] = [$("[data-act=read]"), $("[data-act=star]")];
      read.value = state.read ? "no" : "yes"; read.textContent = state.read ? "Mark unread" : "Mark read";
      star.value = state.starred ? "no" : "yes"; star.textContent = state.starred ? "★ Starred" : "☆ Star";
      star.setAttribute("aria-pressed", String(state.starred));
    }
    if (kind === "read") count(300);
    say(kind === "read" ? (wanted ? "read" : "unread") : (wanted ? "starred" : "not starred"));
  };
  // What is unread is counted by the server, a moment after it changed.
  let counting = 0;
  const count = (wait) => {
    clearTimeout(counting);
    counting = setTimeout(async () => {
      const answer = await asked("/unread");
      if (!answer) return;
      const told = await answer.json();
      for (const place of $$("[data-unread]")) {
        const n = place.dataset.unread ? told.feeds[place.dataset.unread] || 0 : told.all;
        place.textContent = n ? n.toLocaleString(document.documentElement.lang) + (n >= 1000 ? "+" : "") : "";
      }
    }, wait);
  };
  // In a narrow window the views are one line: where one is comes into sight.
  const here = $(".rail [aria-current]");
  if (here && here.offsetLeft > innerWidth - 60) $(".rail").scrollLeft = here.offsetLeft - 40;
  if ($(".rail")) count(reading ? 600 : 0);
  const is = (element, name) => element.dataset[name] ? element.dataset[name] === "yes" : element.classList.contains(name);
  const kept = $("#kept");  // an old page, shown because Newswire does not answer
  if (reading && reading.dataset.read === "no" && !kept) mark(reading, "read", true);
  for (const button of $$(".acts [data-act]")) button.addEventListener("click", (event) => {
    event.preventDefault();
    mark(reading, button.name, button.value === "yes");
  });

  const go = (path) => { location.href = path; };
  const open = () => { const row = rows()[at]; if (row) go($("h3 a", row).href); };
  const step = (n) => {
    if (!reading) { focus(at + n); return; }
    const link = $(n > 0 ? ".steps-on [rel=next]" : ".steps-on [rel=prev]");
    if (link) go(link.href); else say(n > 0 ? "that was the last" : "that was the first");
  };
  // A page on; at its end the next article, or the older ones. What has the focus keeps its own use of the key.
  const pageOn = (event) => {
    const link = $(reading ? ".steps-on [rel=next]" : ".more [rel=next]");
    if (event.shiftKey || !link || event.target.closest("button, summary, [tabindex='0']")) return false;
    if (scrollY + innerHeight < document.documentElement.scrollHeight - 4) return false;
    go(link.href);
    return true;
  };
  let before = "";
  const places = { g: "/", u: "/?view=unread", s: "/?view=starred", a: "/alerts", f: "/feeds", t: "/stories", o: "/operation", d: "/display", h: "/help" };
  const keys = {
    j: () => step(1), k: () => step(-1), o: open, Enter: null,
    v: () => { const url = current() && current().dataset.url; if (url) window.open(url, "_blank", "noopener,noreferrer"); },
    m: () => { const one = current(); if (one) mark(one, "read", !is(one, "read")); },
    s: () => { const one = current(); if (one) mark(one, "starred", !is(one, "starred")); },
    t: () => { const field = $("#tag"); if (field) field.focus(); },
    n: () => { const bar = $(".new"); if (bar && !bar.hidden) $("button", bar).click(); },
    u: () => { const link = $(".up a"); if (link) go(link.href); },
    a: () => { const link = $("[data-key=a]"); if (link) go(link.href); },
    A: () => { const form = $(".all-read"); if (form) form.requestSubmit(); },
    e: () => document.body.classList.toggle("no-marks"),
    "/": () => { $("#q").focus(); $("#q").select(); },
    "?": () => { sheet(); }, " ": pageOn,
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (before === "g" && places[event.key]) { before = ""; event.preventDefault(); go(places[event.key]); return; }
    before = event.key === "g" ? "g" : "";
    const act = keys[event.key];
    if (act && !$("dialog[open]") && act(event) !== false) event.preventDefault();
  });

  const sheet = async () => {
    let dialog = $("dialog");
    if (!dialog) {
      dialog = document.createElement("dialog");
      dialog.setAttribute("aria-label", "Help");
      const answer = await asked("/help?part=1");
      if (!answer) { wrong(AWAY); return; }
      dialog.innerHTML = await answer.text();
      const close = document.createElement("button");
      close.className = "plain"; close.textContent = "Close"; close.addEventListener("click", () => dialog.close());
      dialog.prepend(close);
      document.body.append(dialog);
    }
    dialog.showModal();
  };

  // Fingers: over a row to the right read or unread, to the left star; over an article to the left the next one, to
  // the right the one before. At the edges of the screen the browser has its own gestures.
  const SWIPE = 60, EDGE = 24;
  let touched = null;
  addEventListener("touchstart", (event) => {
    const [touch, more] = event.touches;
    const on = event.target.closest(".row, .reading");
    touched = on && !more && touch.clientX > EDGE && touch.clientX < innerWidth - EDGE
      && !event.target.closest("input, textarea, select, table, pre, .timeline") ? { on, x: touch.clientX, y: touch.clientY } : null;
  }, { passive: true });
  addEventListener("touchcancel", () => { touched = null; });
  addEventListener("touchend", (event) => {
    const from = touched, [touch] = event.changedTouches;
    touched = null;
    if (!from || event.touches.length || !getSelection().isCollapsed) return;
    const [x, y] = [touch.clientX - from.x, touch.clientY - from.y];
    if (Math.abs(x) < SWIPE || Math.abs(x) < 2 * Math.abs(y)) return;
    if (from.on === reading) { step(x < 0 ? 1 : -1); return; }
    if (x > 0) mark(from.on, "read", !is(from.on, "read")); else mark(from.on, "starred", !is(from.on, "starred"));
  });

  // The search field says what a query means, or where it cannot be read.
  const field = $("#q");
  let waiting = 0;
  field.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      if (!field.value.trim()) return;
      const answer = await asked("/search/restated?" + new URLSearchParams({ q: field.value }));
      if (!answer) return;
      const told = await answer.json();
      let place = $("#restated");
      if (!place) {
        place = document.createElement("p");
        place.id = "restated"; place.className = "restated"; place.setAttribute("role", "status");
        $("#main").prepend(place);
      }
      place.classList.toggle("wrong", "message" in told);
      place.textContent = told.words || (told.column ? `Column ${told.column}: ` : "") + (told.message || "");
    }, 150);
  });

  const form = $("#alert");
  if (form) form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      const fields = new URLSearchParams(new FormData(form));
      fields.delete("form_token");
      const answer = await asked("/alerts/preview?" + fields);
      if (answer) $("#preview").innerHTML = await answer.text(); else wrong(AWAY);
    }, 300);
  });

  // A range on the timeline: drag over bars, or shift and arrow keys between two of them.
  const range = () => {
    const timeline = $(".timeline");
    if (!timeline || !field.value) return;
    const bars = $$("a", timeline);
    let from = null;
    const day = (event) => { const link = event.target.closest ? event.target.closest("a") : null; return link && link.dataset.day; };
    const narrow = (one, other) => {
      const [first, last] = [one, other].sort();
      go("/search?" + new URLSearchParams({ q: `${/ OR |\|/.test(field.value) ? `(${field.value})` : field.value} published:${first}..${last}` }));
    };
    timeline.addEventListener("pointerdown", (event) => { from = day(event); });
    timeline.addEventListener("dragstart", (event) => event.preventDefault());
    timeline.addEventListener("pointermove", (event) => {
      const to = from && day(event);
      if (to) for (const bar of bars) bar.classList.toggle("chosen", bar.dataset.day >= [from, to].sort()[0] && bar.dataset.day <= [from, to].sort()[1]);
    });
    timeline.addEventListener("pointerup", (event) => { const to = day(event); if (from && to && to !== from) narrow(from, to); from = null; });
    timeline.addEventListener("keydown", (event) => {
      const n = bars.indexOf(document.activeElement);
      const next = event.key === "ArrowRight" ? n + 1 : event.key === "ArrowLeft" ? n - 1 : -1;
      if (n < 0 || !bars[next]) return;
      event.preventDefault();
      if (event.shiftKey) narrow(bars[n].dataset.day, bars[next].dataset.day); else bars[next].focus();
    });
  };
  range();

  // What takes longer to find comes after the page.
  for (const place of $$("[data-part]")) asked(place.dataset.part).then(async (answer) => {
    if (!answer) return;
    place.innerHTML = await answer.text();
    range();
  });

  // Where the reader left last time.
  const river = $(".river[data-live]");
  if (river && location.pathname === "/" && !location.search) {
    const first = $(".row", river);
    const left = localStorage.getItem("newswire.left");
    const there = left && $$(".row", river).find((row) => row.dataset.id === left);
    if (there && there !== first) {
      const line = document.createElement("p");
      line.className = "left-here"; line.textContent = "You left here";
      there.before(line);
    }
    if (first) addEventListener("pagehide", () => localStorage.setItem("newswire.left", first.dataset.id));
  }

  // What was seen last is there when Newswire is not; browsers allow it on this machine and by https.
  if (navigator.serviceWorker) navigator.serviceWorker.register(document.documentElement.dataset.away, { scope: "/" }).catch(() => {});

  // Live: a bar says how much is new; the list stays as it is until the reader asks.
  const LOST_MS = 4000, AGAIN_MS = 10_000, ASLEEP_MS = 60_000;
  if (river && window.EventSource) {
    const bar = $(".new", river);
    const fresh = new Set();
    const heard = new Set();
    const known = new Set($$(".row", river).map((row) => row.dataset.id));
    const query = river.dataset.live.replace(/\bis:unread\b/, "").trim();
    let source = null, position = river.dataset.position, silent = 0, again = 0, left = 0;
    let alerted = "";
    const tell = (words = "") => {
      const parts = [words || (fresh.size ? `${fresh.size} new` : ""), alerted, "press n"].filter(Boolean);
      $("button", bar).textContent = parts.join(" · ");
      bar.hidden = false;
      say(parts.join(", "));
    };
    const article = (event) => {
      position = event.lastEventId || position;
      const told = JSON.parse(event.data);
      if (!known.has(told.id)) fresh.add(told.id);
      if (fresh.size) tell();
    };
    const alerting = (event) => {
      position = event.lastEventId || position;
      const told = JSON.parse(event.data);
      if (heard.has(told.id)) return;  // a stream that began anew tells again of what came since the page
      heard.add(told.id);
      alerted = `Alert ${told.rule}: ${told.title || ""}`;
      tell();
    };
    // A stream that is lost is told once it has been for some seconds; a restart may be quicker than that.
    // The browser tries again by itself, but not where something else answered, such as a proxy or a login.
    const there = () => {
      clearTimeout(silent); clearTimeout(again);
      silent = again = 0;
      if (kept) { location.reload(); return; }
      const line = $("#lost");
      if (line) { line.remove(); say("Newswire answers again"); }
    };
    const lost = () => {
      silent ||= setTimeout(() => {
        const line = $("#lost") || document.createElement("p");
        line.id = "lost"; line.className = "wrong"; line.setAttribute("role", "alert");
        line.textContent = source.readyState === EventSource.CLOSED
          ? "News does not arrive here by itself any more: reload the page to see why." : "Newswire does not answer: what is new is not shown until it does.";
        river.before(line);
      }, LOST_MS);
      if (source.readyState === EventSource.CLOSED) { clearTimeout(again); again = setTimeout(listen, AGAIN_MS); }
    };
    const listen = () => {
      if (source) source.close();
      clearTimeout(again);
      source = new EventSource("/live?" + new URLSearchParams({ q: query, after: position, since: river.dataset.since }));
      source.addEventListener("article", article);
      source.addEventListener("alert", alerting);
      source.addEventListener("missed", () => tell("Much is new"));
      source.addEventListener("open", there);
      source.addEventListener("error", lost);
    };
    listen();
    $("button", bar).addEventListener("click", () => location.reload());
    addEventListener("pagehide", () => { clearTimeout(silent); clearTimeout(again); silent = again = 0; source.close(); });
    // Back by the browser's button the page is as it was left, and hears again; so it does after the machine slept.
    addEventListener("pageshow", (event) => { if (event.persisted) listen(); });
    addEventListener("online", listen);
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) left = Date.now(); else if (left && Date.now() - left > ASLEEP_MS) listen();
    });
  }

  // An address is copied where the browser lets us; without that, the field holds it.
  if (navigator.clipboard) for (const button of $$("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const place = $("input", button.parentElement);
      try { await navigator.clipboard.writeText(place.value); say("copied"); button.textContent = "Copied"; } catch { place.select(); }
    });
  }

  // A list of feeds is dropped on the page.
  if ($(".drop")) {
    const over = (on) => (event) => { event.preventDefault(); document.body.classList.toggle("dropping", on); };
    addEventListener("dragover", over(true));
    addEventListener("dragleave", over(false));
    addEventListener("drop", (event) => {
      over(false)(event);
      if (!event.dataTransfer.files.length) return;
      $("#file").files = event.dataTransfer.files;
      $(".drop").requestSubmit();
    });
  }
})();
