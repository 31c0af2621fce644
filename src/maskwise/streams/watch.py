"""Watch: all cameras of a configuration, for weeks."""

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from queue import Empty, SimpleQueue
from threading import Condition
from threading import Event as Signal
from typing import Final

from maskwise.errors import InvalidInput
from maskwise.inference.pipeline import MaskDetector
from maskwise.streams.camera import State
from maskwise.streams.config import WatchConfig
from maskwise.streams.event import Event
from maskwise.streams.page import Page
from maskwise.streams.post import Post
from maskwise.streams.sinks.opening import open_sinks
from maskwise.streams.snapshots import Snapshots

_TICK_S: Final = 0.5  # how often time passes for who waits for nothing else
_PACING_S: Final = 5.0  # over which it is judged whether the cameras are too many
_MOST_DROPPED: Final = 0.1  # of the frames
_SLOWER, _FASTER, _LEAST_PACE = 0.8, 1.1, 0.1


class Watch:
    """Watches cameras with one detector, and tells sinks what happens.

    Attributes:
        posts: The cameras, by name.
        sinks: Who is told, with the events that each is told of.
        pace: By how much the cameras are looked at less often than they should be, as there is not
            enough time; 1 if there is.
    """

    def __init__(
        self,
        config: WatchConfig,
        detector: MaskDetector,
        on_event: Callable[[Event], None] = lambda _: None,
    ) -> None:
        """Begin.

        Args:
            config: What is to be done.
            detector: What decides, shared by threads: best one whose networks take a thread each.
            on_event: Is told every event, beside the sinks.

        Raises:
            InvalidInput: The port of the page is taken.
            MissingExtra: A library that a sink needs is not installed.
        """
        self._detector = detector
        self._on_event = on_event
        self._arrived = Condition()
        self._states: SimpleQueue[Event] = SimpleQueue()
        self.pace = 1.0
        self._paced_s = time.monotonic()
        self._counted = (0, 0)
        self.config = config
        self.sinks = open_sinks(config)
        self._snapshots = _snapshots(config)
        self.page: Page | None = None
        self.posts: dict[str, Post] = {name: self._post(name, config) for name in config.cameras}
        self._open_page()

    def change(self, config: WatchConfig) -> None:
        """Go on with another configuration: what is the same in both is not touched.

        Raises:
            InvalidInput: The port of the page is taken; all else is done.
            MissingExtra: A library that a sink needs is not installed.
        """
        old, self.config = self.config, config
        for name, post in list(self.posts.items()):
            is_same = old.cameras[name] == config.cameras.get(name) and old.events == config.events
            if not is_same:
                post.close()
                del self.posts[name]
        for name in config.cameras:
            if name not in self.posts:
                self.posts[name] = self._post(name, config)
        if (old.sinks, old.state) != (config.sinks, config.state) or (
            old.cameras.keys() != config.cameras.keys()
        ):
            for sink, _ in self.sinks:
                sink.close()
            self.sinks = open_sinks(config)
        if old.snapshots != config.snapshots:
            self._snapshots = _snapshots(config)
        if old.page != config.page:
            self._open_page()

    def run(self, stop: Signal, *on_tick: Callable[[], None]) -> None:
        """Watch until it is enough, then close everything.

        Args:
            stop: Says when it is enough.
            on_tick: Are called every half second.
        """
        ticked_s = 0.0
        pool = ThreadPoolExecutor(self.config.model.threads or os.cpu_count(), "look")
        try:
            while not stop.is_set():
                now_s = time.monotonic()
                if now_s - ticked_s >= _TICK_S:
                    ticked_s = now_s
                    self._pass_time()
                    for call in on_tick:
                        call()
                if not self._look(pool):
                    with self._arrived:
                        self._arrived.wait(_TICK_S)
                if self.posts and all(_has_ended(post) for post in self.posts.values()):
                    return
        finally:
            pool.shutdown()
            self.close()

    def close(self) -> None:
        """Stop reading, tell what is left to tell, and give the sinks a few seconds."""
        with ThreadPoolExecutor(max(1, len(self.posts))) as pool:  # each takes a moment
            list(pool.map(Post.close, self.posts.values()))
        if self.page is not None:
            self.page.close()
        self._tell_states()
        for sink, _ in self.sinks:
            sink.close()

    def tell(self, event: Event) -> None:
        """Tell every sink that wants it."""
        for sink, kinds in self.sinks:
            if event.kind in kinds:
                sink.write(event)
        if self.page is not None:
            self.page.events.append(event)
        self._on_event(event)

    @property
    def troubles(self) -> list[str]:
        """What is wrong at the moment with cameras, with those who are told, and with snapshots."""
        told = [
            *(post.trouble for post in self.posts.values()),
            *(sink.trouble for sink, _ in self.sinks),
            "" if self._snapshots is None else self._snapshots.trouble,
        ]
        return [trouble for trouble in told if trouble]

    def _look(self, pool: ThreadPoolExecutor) -> bool:
        """Look at every camera that has a new frame, several at a time; whether any had."""
        posts = list(self.posts.values())
        told = list(pool.map(lambda post: post.look(self._detector), posts))
        for post, events in zip(posts, told, strict=True):
            for event in events or ():
                if self._snapshots is not None and post.last is not None:
                    self._snapshots.take(event, post.last)
                self.tell(event)
        return any(events is not None for events in told)

    def _pass_time(self) -> None:
        moment = datetime.now().astimezone()
        self._tell_states()
        for post in self.posts.values():
            post.keep_hours(moment)
            if post.camera is not None:
                post.camera.free_if_stuck()
            for event in post.pass_time():
                self.tell(event)
        if self._snapshots is not None:
            self._snapshots.tidy()
        self._keep_pace()

    def _tell_states(self) -> None:
        while True:
            try:
                self.tell(self._states.get_nowait())
            except Empty:
                return

    def _keep_pace(self) -> None:
        """Ask for fewer frames where many are decoded and thrown away, and for more again."""
        now_s = time.monotonic()
        if now_s - self._paced_s < _PACING_S:
            return
        cameras = [post.camera for post in self.posts.values() if post.camera is not None]
        counted = (
            sum(camera.health.n_frames for camera in cameras),
            sum(camera.health.n_dropped for camera in cameras),
        )
        n_frames, n_dropped = (new - old for new, old in zip(counted, self._counted, strict=True))
        self._counted, self._paced_s = counted, now_s
        if n_frames > 0:
            is_late = n_dropped > _MOST_DROPPED * n_frames
            self.pace = min(1.0, max(_LEAST_PACE, self.pace * (_SLOWER if is_late else _FASTER)))
        for post in self.posts.values():
            if post.camera is not None:
                post.camera.fps = post.config.fps * self.pace

    def _open_page(self) -> None:
        if self.page is not None:
            self.page.close()
        self.page = None
        asked = self.config.page
        if asked is None:
            return
        token = None if asked.token is None else asked.token.get_secret_value()
        try:
            self.page = Page(self, port=asked.port, token=token, is_blurred=asked.blurred)
        except OSError as error:
            raise InvalidInput(
                f"`page.port` must be free. Received: {asked.port}, which is taken."
            ) from error

    def _post(self, name: str, config: WatchConfig) -> Post:
        return Post(
            name, config.cameras[name], config.events, arrived=self._arrived, on_state=self._note
        )

    def _note(self, camera: str, state: State, reason: str) -> None:
        # Called by the threads of cameras: what is told is told by one thread alone.
        data = {"state": state, **({"reason": reason} if reason else {})}
        self._states.put(Event("camera_state", camera, data))


def _snapshots(config: WatchConfig) -> Snapshots | None:
    kept = config.snapshots
    if kept is None:
        return None
    return Snapshots(
        kept.folder,
        is_blurred=kept.blurred,
        keep_s=kept.keep_days * 86_400,
        keep_bytes=round(kept.keep_mb * 1e6),
        floor_bytes=round(kept.floor_mb * 1e6),
    )


def _has_ended(post: Post) -> bool:
    return post.camera is not None and post.camera.health.state == "ended"
