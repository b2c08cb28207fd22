// Keeps the pages that were seen last, and shows them when Newswire does not answer. Runs beside the pages, where the
// browser lets it: on this machine, or by https. What asks for a login takes along what was kept.
"use strict";
const PAGES = "newswire-pages", FILES = "newswire-files";
const MOST_PAGES = 100, MOST_FILES = 12;
const POLICY = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

addEventListener("install", () => skipWaiting());

const plain = (address) => address.split("#")[0];
const keep = async (name, most, request, answer) => {
  const kept = await caches.open(name);
  await kept.put(request, answer);
  const all = await kept.keys();
  await Promise.all(all.slice(0, Math.max(0, all.length - most)).map((old) => kept.delete(old)));
};

const isKept = (answer) => answer.status === 200 && answer.type === "basic" && !answer.redirected
  && (answer.headers.get("content-type") || "").startsWith("text/html") && !answer.headers.has("content-disposition");

const away = "Newswire does not answer. Is it running?";
const again = '<a href="">Try again</a>';

// The page that brought us was there before us.
const begin = async () => {
  await clients.claim();
  for (const client of await clients.matchAll()) {
    try {
      const answer = await fetch(client.url);
      if (isKept(answer) && new URL(client.url).pathname !== "/login") await keep(PAGES, MOST_PAGES, plain(client.url), answer);
    } catch { /* the next page is kept */ }
  }
};
addEventListener("activate", (event) => event.waitUntil(begin()));

// The page as it was, with a line that says so.
const old = async (answer) => {
  const seen = new Date(answer.headers.get("date") || 0);
  const when = seen.getTime() ? ` This is the page as it was on ${seen.toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "short" })}.` : "";
  const page = await answer.text();
  const headers = new Headers(answer.headers);
  for (const name of ["content-length", "content-encoding", "etag"]) headers.delete(name);
  const line = `<p id="kept" class="wrong" role="alert">${away}${when} ${again}</p>`;
  return new Response(page.replace(/<main id="main"[^>]*>/, (main) => main + line), { headers });
};

// What else is kept; titles come from our own pages, where they are text already.
const list = async () => {
  const kept = await caches.open(PAGES);
  const entries = [];
  let style = "";
  for (const request of (await kept.keys()).reverse()) {
    const page = await (await kept.match(request)).text();
    const url = new URL(request.url);
    const title = (/<title>([^<]*)<\/title>/.exec(page) || ["", ""])[1].trim() || "Newswire";
    style ||= (/<link rel="stylesheet" href="[^"<>]*">/.exec(page) || [""])[0];
    const path = (url.pathname + url.search).replace(/&/g, "&amp;").replace(/"/g, "%22").replace(/</g, "%3C");
    entries.push(`<li><a href="${path}">${title}</a></li>`);
  }
  const more = entries.length ? `<p>These pages are kept:</p><ul>${entries.join("")}</ul>` : "";
  const page = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><title>Newswire does not answer</title>${style}</head>`
    + `<body><div class="frame"><main id="main"><header class="head"><h1>Newswire does not answer</h1></header><p role="alert">Is it running? Nothing was changed. ${again}</p>${more}</main></div></body></html>`;
  return new Response(page, { status: 503, headers: { "content-type": "text/html; charset=utf-8", "content-security-policy": POLICY } });
};

const shown = async (event) => {
  const url = new URL(event.request.url);
  let answer;
  try {
    answer = await fetch(event.request);
  } catch {
    const kept = await (await caches.open(PAGES)).match(plain(url.href));
    return kept ? old(kept) : list();
  }
  if (url.pathname === "/login") event.waitUntil(caches.delete(PAGES));
  else if (isKept(answer)) event.waitUntil(keep(PAGES, MOST_PAGES, plain(url.href), answer.clone()));
  return answer;
};

const file = async (event) => {
  const kept = await (await caches.open(FILES)).match(event.request);
  if (kept) return kept;
  const answer = await fetch(event.request);
  if (answer.ok) event.waitUntil(keep(FILES, MOST_FILES, event.request, answer.clone()));
  return answer;
};

addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== location.origin) return;
  if (event.request.mode === "navigate") { if (!/^\/(api|feeds|share|fever)\//.test(url.pathname)) event.respondWith(shown(event)); return; }
  if (url.pathname.startsWith("/static/") && url.search) event.respondWith(file(event));
});
