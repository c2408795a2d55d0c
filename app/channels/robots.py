"""What the robots of chat groups have in common: whose group, long texts in parts, so many a minute.

A recipient is `group` or `group@who,who`: the group's name in the setting (`station:3`; unknown names and an empty one
lead to the group `*`), and who is to be called by name in it: phone numbers, ids, or `all`.
A robot knows no keys, so a message may come twice when its answer was lost. Parts that were taken are remembered for
the next try in this process, so that a failure in the fifth part does not send the first four again.
"""

import threading
import time
from abc import ABC, abstractmethod
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from app.channels.base import ChannelError, Message, NotReadyError
from app.channels.posting import TIMEOUT, Answer, code, post_json
from app.errors import N_

PARTS = 10  # of one message; the rest is to be read on the page
REST = "……(后面还有,请登录点单看全文 / more on the page)"
MINUTE = 60.0
REMEMBERED = 1000


@dataclass(frozen=True)
class Group:
    """A robot's token, the secret that signs for it ('' for none), and who is called by name."""

    token: str
    secret: str
    mentions: tuple[str, ...]


def group_of(recipient: str, robots: Mapping[str, str]) -> Group:
    """Find the group of a recipient among `robots` (name → `token` or `token:secret`)."""
    if not robots:
        raise NotReadyError(N_("没有设置群机器人"))
    name, _, whom = recipient.partition("@")
    given = robots.get(name.strip()) or robots.get("*")
    if not given:
        raise ChannelError(N_("没有设置这个群的机器人"))
    token, _, secret = given.partition(":")
    return Group(token, secret, tuple(each.strip(" @") for each in whom.split(",") if each.strip(" @")))


def split(text: str, limit: int) -> list[str]:
    """Cut a text into parts of at most `limit` bytes of UTF-8 at line ends, numbered when there are several."""
    if len(text.encode()) <= limit:
        return [text]
    pieces = _packed(text, limit - len(f"\n({PARTS}/{PARTS})".encode()))
    if len(pieces) > PARTS:
        room = limit - len(f"\n{REST}\n({PARTS}/{PARTS})".encode())
        pieces = [*pieces[: PARTS - 1], f"{_head(pieces[PARTS - 1], room)}\n{REST}"]
    return [f"{piece}\n({number}/{len(pieces)})" for number, piece in enumerate(pieces, 1)]


def _packed(text: str, limit: int) -> list[str]:
    pieces: list[str] = []
    room: list[str] = []
    for line in _lines(text, limit):
        if room and len("\n".join([*room, line]).encode()) > limit:
            pieces.append("\n".join(room).strip("\n"))
            room = []
        room.append(line)
    pieces.append("\n".join(room).strip("\n"))
    return [piece for piece in pieces if piece]


def _lines(text: str, limit: int) -> list[str]:
    lines: list[str] = []
    for line in text.split("\n"):
        rest = line
        while len(rest.encode()) > limit:
            head = _head(rest, limit)
            lines.append(head)
            rest = rest[len(head) :]
        lines.append(rest)
    return lines


def _head(text: str, limit: int) -> str:
    """Return as much of the beginning as fits into `limit` bytes, without cutting a character in two."""
    return text.encode()[:limit].decode("utf-8", "ignore")


class Turnstile:
    """Lets so many parts through to each robot in any minute; counts in this process."""

    def __init__(self, limit: int, timer: Callable[[], float] = time.monotonic) -> None:
        self.limit, self.timer, self.lock = limit, timer, threading.Lock()
        self.passed: dict[str, deque[float]] = {}

    def let(self, robot: str, count: int) -> None:
        """Take `count` places; raise NotReadyError, which costs no try, when the minute has not so many left."""
        with self.lock:
            now = self.timer()
            for name, times in list(self.passed.items()):
                while times and times[0] <= now - MINUTE:
                    times.popleft()
                if not times:
                    del self.passed[name]
            taken = self.passed.setdefault(robot, deque())
            if taken and len(taken) + count > self.limit:
                raise NotReadyError(N_("群机器人每分钟只收这么多条,稍后接着发"))
            taken.extend([now] * count)


class Halfway:
    """Remembers how many parts of a message the other end has taken."""

    def __init__(self) -> None:
        self.lock, self.taken = threading.Lock(), OrderedDict[str, int]()

    def so_far(self, key: str) -> int:
        """Return how many parts of this message have gone out."""
        with self.lock:
            return self.taken.get(key, 0)

    def note(self, key: str, parts: int) -> None:
        """Keep it; forget the message that was noted first when there are too many."""
        with self.lock:
            self.taken[key] = parts
            while len(self.taken) > REMEMBERED:
                self.taken.popitem(last=False)

    def forget(self, key: str) -> None:
        """Forget a message that is out."""
        with self.lock:
            self.taken.pop(key, None)


class Robot(ABC):
    """One kind of robot. Its module says how a part is written and what its codes mean."""

    name: ClassVar[str]
    limit: ClassVar[int]  # bytes of one text
    code_field: ClassVar[str]
    busy: ClassVar[frozenset[str]]  # codes of "too many"
    unknown: ClassVar[frozenset[str]]  # codes of a token or signature that is wrong
    gap: ClassVar[float] = 0.0  # seconds between two parts
    turnstile: ClassVar[Turnstile]
    halfway: ClassVar[Halfway] = Halfway()

    def __init__(self, base: str, robots: Mapping[str, str], timeout: float = TIMEOUT) -> None:
        self.base, self.robots, self.timeout = base, robots, timeout

    def send(self, message: Message) -> None:
        """Hand the message over, part by part; those that were taken at an earlier try are left out."""
        group = group_of(message.recipient, self.robots)
        parts, key = split(f"{message.subject}\n{message.body}".strip(), self.limit), f"{self.name} {message.key}"
        done = self.halfway.so_far(key)
        self.turnstile.let(f"{self.base} {group.token}", len(parts) - done)
        for number, part in enumerate(parts[done:], done):
            if self.gap and number > done:
                time.sleep(self.gap)
            url, data = self.write(group, part, called=number == 0)
            self._check(post_json(url, data, self.timeout))
            self.halfway.note(key, number + 1)
        self.halfway.forget(key)

    @abstractmethod
    def write(self, group: Group, part: str, *, called: bool) -> tuple[str, dict[str, Any]]:
        """Return the address and the object for one part; `called` tells whether people are called by name in it."""

    def _check(self, answer: Answer) -> None:
        if self.code_field not in answer.data:
            raise ChannelError(N_("对方的回答看不懂"), str(answer.status))
        said = code(answer.data[self.code_field])
        if said == "0":
            return
        if said in self.busy:
            raise NotReadyError(N_("群机器人每分钟只收这么多条,稍后接着发"))
        if said in self.unknown:
            raise ChannelError(N_("群机器人的密钥不对"), said)
        raise ChannelError(N_("群机器人拒收"), said)
