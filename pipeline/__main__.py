"""The program's start and end, where Ctrl-C may come as well."""

from __future__ import annotations

import os
import signal


def run() -> None:
    """Run the command line; Ctrl-C before it has begun and after it is done ends the program without a word."""
    # A shell starts what runs in the background with SIGINT ignored; that stays.
    interruptible = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if interruptible:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from pipeline.cli import main
    from pipeline.failures import watch_threads

    watch_threads()
    try:
        if interruptible:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        main(prog_name="newswire")
    except KeyboardInterrupt:  # while the sentence about another one was written
        os._exit(130)
    finally:
        if interruptible:
            signal.signal(signal.SIGINT, signal.SIG_DFL)


if __name__ == "__main__":
    run()
