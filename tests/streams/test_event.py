"""Events are plain, told apart, and in UTC."""

import json
from datetime import datetime, timedelta

from maskwise.streams.event import KINDS, Event


def test_an_event_is_plain_json_and_has_its_own_id() -> None:
    one, other = (Event("person_with_mask", "door", {"person": 1}) for _ in range(2))
    said = json.loads(json.dumps(one.to_dict()))
    assert said["event"] in KINDS
    assert (said["camera"], said["person"]) == ("door", 1)
    assert one.id != other.id
    assert datetime.fromisoformat(said["time"]).utcoffset() == timedelta(0)
