"""`python -m tests.bench.users [seconds]`: fifty people at one dashboard, for five minutes.

A browser records what a page posts while a slider of Explore is dragged and once it is let go. Fifty connections then
post the same with values of their own, each about every two seconds (most of them moves, some of them whole pages of
figures, one in fifty a fresh visit). Told: errors, median and 95th percentile of each kind, memory at the beginning,
in the middle and at the end.
"""

from __future__ import annotations

import http.client
import json
import random
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from playwright.sync_api import Request, sync_playwright

from app.panels.explore_moves import PATH as MOVING
from tests.app.browser import FLAGS
from tests.bench.dashboard import SLIDER, drag, opened, started
from tools.ensure_browser import HOW, find

GATE = "design.looks.proof-of-concept.at.per_arm"
N_USERS = 50
PAUSE_S = 2.0
SECONDS = 300.0


class Post(NamedTuple):
    """What a page posted."""

    kind: str
    path: str
    body: dict[str, Any]


class Answers:
    """What the server answered; shared by all users."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.taken: dict[str, list[float]] = {}
        self.errors: list[str] = []

    def add(self, kind: str, seconds: float, error: str) -> None:
        """Count an answer."""
        with self.lock:
            self.taken.setdefault(kind, []).append(1000 * seconds)
            if error:
                self.errors.append(error)


def recorded(address: str, browser_path: str) -> list[Post]:
    """Return a move of the slider and what follows once it rests, as a browser posts them."""
    seen: list[Post] = []

    def listen(request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.path in (MOVING, "/_dash-update-component") and request.post_data:
            kind = "move" if parts.path == MOVING else "page"
            seen.append(Post(kind, f"{parts.path}?{parts.query}", json.loads(request.post_data)))

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=FLAGS)
        page = opened(browser, address)
        page.on("request", listen)
        drag(page, 6)
        page.wait_for_timeout(3000)
        browser.close()
    moves = [post for post in seen if post.kind == "move"]
    pages = [post for post in seen if "explore-tables" in post.body.get("output", "")]
    assert moves, "no move was recorded"
    assert pages, "nothing followed the move"
    return [moves[-1], pages[-1]]


def changed(post: Post, rng: random.Random) -> bytes:
    """Return the body with other values of sliders (in a move) or of the state (in what follows).

    A gate and two true rates, of which there are 100,000 together: hardly an answer is one that the server has kept.
    """
    body = json.loads(json.dumps(post.body))
    gate, rates = rng.randint(8, 40), [rng.randint(2, 60) / 100 for _ in range(2)]
    if post.kind == "move":
        body["sliders"] |= {GATE: gate, "rates.0": rates[0], "rates.1": rates[1]}
        return json.dumps(body).encode()
    for one in body["inputs"]:
        if isinstance(one, dict) and isinstance(one.get("value"), dict) and "set" in one["value"]:
            one["value"] |= {"set": {GATE: gate}, "rates": rates}
    return json.dumps(body).encode()


def user(address: str, posts: list[Post], until: float, answers: Answers, seed: int) -> None:
    """Ask, think, ask again."""
    rng, parts = random.Random(seed), urlsplit(address)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=30)
    headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
    time.sleep(rng.uniform(0, PAUSE_S))
    while time.monotonic() < until:
        draw = rng.random()
        began, error, kind = time.perf_counter(), "", "move"
        try:
            if draw < 0.02:
                kind = "visit"
                connection.request("GET", "/")
            else:
                post = posts[0] if draw < 0.92 else posts[1]
                kind = post.kind
                connection.request("POST", post.path, changed(post, rng), headers)
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != 200:
                error = f"{kind}: {answer.status} {text[:200]!r}"
        except (OSError, http.client.HTTPException) as problem:
            error = f"{kind}: {problem}"
            connection.close()
        answers.add(kind, time.perf_counter() - began, error)
        time.sleep(rng.expovariate(1 / PAUSE_S))


def main() -> None:
    """Print every figure."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else SECONDS
    path = find()
    if path is None:
        print(f"users: not measured, no browser answers here; {HOW}.")
        return
    with tempfile.TemporaryDirectory() as name, started(Path(name)) as (address, _, server):
        posts, answers = recorded(address, path), Answers()
        until = time.monotonic() + seconds
        people = [
            threading.Thread(target=user, args=(address, posts, until, answers, seed), daemon=True)
            for seed in range(N_USERS)
        ]
        for one in people:
            one.start()
        memory = []
        for share in (0.1, 0.5, 0.98):
            time.sleep(max(0.0, until - seconds * (1 - share) - time.monotonic()))
            memory.append(server.memory_info().rss / 2**20)
        for one in people:
            one.join(60)
    print(f"{N_USERS} users, {seconds:.0f} s, slider {SLIDER}: {len(answers.errors)} errors", *answers.errors[:3])
    for kind, taken in sorted(answers.taken.items()):
        taken.sort()
        p95 = taken[round(0.95 * (len(taken) - 1))]
        print(f"  {kind}: {len(taken):,} times, median {statistics.median(taken):.0f} ms, p95 {p95:.0f} ms")
    print("  memory: " + ", ".join(f"{mb:.0f}" for mb in memory) + " MB after a tenth, half, all of the time")


if __name__ == "__main__":
    main()
