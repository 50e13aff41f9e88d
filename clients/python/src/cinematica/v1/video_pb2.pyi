import datetime

from cinematica.v1 import error_reason_pb2 as _error_reason_pb2
from cinematica.v1 import settings_pb2 as _settings_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Notice(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    NOTICE_UNSPECIFIED: _ClassVar[Notice]
    NOTICE_NOT_FINISHED: _ClassVar[Notice]
    NOTICE_NOT_MARKED: _ClassVar[Notice]
    NOTICE_NOT_SIGNED: _ClassVar[Notice]

class Stage(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STAGE_UNSPECIFIED: _ClassVar[Stage]
    STAGE_ENCODE: _ClassVar[Stage]
    STAGE_DENOISE: _ClassVar[Stage]
    STAGE_DECODE: _ClassVar[Stage]
    STAGE_MUX: _ClassVar[Stage]

class EstimateBasis(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ESTIMATE_BASIS_UNSPECIFIED: _ClassVar[EstimateBasis]
    ESTIMATE_BASIS_PREDICTED: _ClassVar[EstimateBasis]
    ESTIMATE_BASIS_MEASURED: _ClassVar[EstimateBasis]
NOTICE_UNSPECIFIED: Notice
NOTICE_NOT_FINISHED: Notice
NOTICE_NOT_MARKED: Notice
NOTICE_NOT_SIGNED: Notice
STAGE_UNSPECIFIED: Stage
STAGE_ENCODE: Stage
STAGE_DENOISE: Stage
STAGE_DECODE: Stage
STAGE_MUX: Stage
ESTIMATE_BASIS_UNSPECIFIED: EstimateBasis
ESTIMATE_BASIS_PREDICTED: EstimateBasis
ESTIMATE_BASIS_MEASURED: EstimateBasis

class Video(_message.Message):
    __slots__ = ("name", "state", "sequence", "settings", "progress", "error", "media", "made_from", "continued_from", "share", "create_time", "update_time", "start_time", "finish_time", "expire_time", "delete_time", "purge_time", "notices", "labels", "external_id", "webhooks", "request_id", "joined")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[Video.State]
        STATE_QUEUED: _ClassVar[Video.State]
        STATE_RUNNING: _ClassVar[Video.State]
        STATE_DONE: _ClassVar[Video.State]
        STATE_FAILED: _ClassVar[Video.State]
        STATE_CANCELLED: _ClassVar[Video.State]
    STATE_UNSPECIFIED: Video.State
    STATE_QUEUED: Video.State
    STATE_RUNNING: Video.State
    STATE_DONE: Video.State
    STATE_FAILED: Video.State
    STATE_CANCELLED: Video.State
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    MEDIA_FIELD_NUMBER: _ClassVar[int]
    MADE_FROM_FIELD_NUMBER: _ClassVar[int]
    CONTINUED_FROM_FIELD_NUMBER: _ClassVar[int]
    SHARE_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    UPDATE_TIME_FIELD_NUMBER: _ClassVar[int]
    START_TIME_FIELD_NUMBER: _ClassVar[int]
    FINISH_TIME_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    DELETE_TIME_FIELD_NUMBER: _ClassVar[int]
    PURGE_TIME_FIELD_NUMBER: _ClassVar[int]
    NOTICES_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_ID_FIELD_NUMBER: _ClassVar[int]
    WEBHOOKS_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    JOINED_FIELD_NUMBER: _ClassVar[int]
    name: str
    state: Video.State
    sequence: int
    settings: _settings_pb2.VideoSettings
    progress: Progress
    error: VideoError
    media: _containers.RepeatedCompositeFieldContainer[Media]
    made_from: str
    continued_from: str
    share: Share
    create_time: _timestamp_pb2.Timestamp
    update_time: _timestamp_pb2.Timestamp
    start_time: _timestamp_pb2.Timestamp
    finish_time: _timestamp_pb2.Timestamp
    expire_time: _timestamp_pb2.Timestamp
    delete_time: _timestamp_pb2.Timestamp
    purge_time: _timestamp_pb2.Timestamp
    notices: _containers.RepeatedScalarFieldContainer[Notice]
    labels: _containers.ScalarMap[str, str]
    external_id: str
    webhooks: _containers.RepeatedCompositeFieldContainer[Webhook]
    request_id: str
    joined: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, name: _Optional[str] = ..., state: _Optional[_Union[Video.State, str]] = ..., sequence: _Optional[int] = ..., settings: _Optional[_Union[_settings_pb2.VideoSettings, _Mapping]] = ..., progress: _Optional[_Union[Progress, _Mapping]] = ..., error: _Optional[_Union[VideoError, _Mapping]] = ..., media: _Optional[_Iterable[_Union[Media, _Mapping]]] = ..., made_from: _Optional[str] = ..., continued_from: _Optional[str] = ..., share: _Optional[_Union[Share, _Mapping]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., update_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., start_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., finish_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., delete_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., purge_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., notices: _Optional[_Iterable[_Union[Notice, str]]] = ..., labels: _Optional[_Mapping[str, str]] = ..., external_id: _Optional[str] = ..., webhooks: _Optional[_Iterable[_Union[Webhook, _Mapping]]] = ..., request_id: _Optional[str] = ..., joined: _Optional[_Iterable[str]] = ...) -> None: ...

class Webhook(_message.Message):
    __slots__ = ("url", "state", "attempts", "last_attempt_time", "next_attempt_time", "last_status", "last_error")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[Webhook.State]
        STATE_WAITING: _ClassVar[Webhook.State]
        STATE_DUE: _ClassVar[Webhook.State]
        STATE_DELIVERED: _ClassVar[Webhook.State]
        STATE_FAILED: _ClassVar[Webhook.State]
        STATE_GONE: _ClassVar[Webhook.State]
    STATE_UNSPECIFIED: Webhook.State
    STATE_WAITING: Webhook.State
    STATE_DUE: Webhook.State
    STATE_DELIVERED: Webhook.State
    STATE_FAILED: Webhook.State
    STATE_GONE: Webhook.State
    URL_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    LAST_ATTEMPT_TIME_FIELD_NUMBER: _ClassVar[int]
    NEXT_ATTEMPT_TIME_FIELD_NUMBER: _ClassVar[int]
    LAST_STATUS_FIELD_NUMBER: _ClassVar[int]
    LAST_ERROR_FIELD_NUMBER: _ClassVar[int]
    url: str
    state: Webhook.State
    attempts: int
    last_attempt_time: _timestamp_pb2.Timestamp
    next_attempt_time: _timestamp_pb2.Timestamp
    last_status: int
    last_error: str
    def __init__(self, url: _Optional[str] = ..., state: _Optional[_Union[Webhook.State, str]] = ..., attempts: _Optional[int] = ..., last_attempt_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., next_attempt_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., last_status: _Optional[int] = ..., last_error: _Optional[str] = ...) -> None: ...

class Progress(_message.Message):
    __slots__ = ("stage", "step", "steps", "segment", "segments", "queue_position", "remaining", "fraction", "basis", "next_fraction", "step_duration", "videos_beside")
    STAGE_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    SEGMENTS_FIELD_NUMBER: _ClassVar[int]
    QUEUE_POSITION_FIELD_NUMBER: _ClassVar[int]
    REMAINING_FIELD_NUMBER: _ClassVar[int]
    FRACTION_FIELD_NUMBER: _ClassVar[int]
    BASIS_FIELD_NUMBER: _ClassVar[int]
    NEXT_FRACTION_FIELD_NUMBER: _ClassVar[int]
    STEP_DURATION_FIELD_NUMBER: _ClassVar[int]
    VIDEOS_BESIDE_FIELD_NUMBER: _ClassVar[int]
    stage: Stage
    step: int
    steps: int
    segment: int
    segments: int
    queue_position: int
    remaining: _duration_pb2.Duration
    fraction: float
    basis: EstimateBasis
    next_fraction: float
    step_duration: _duration_pb2.Duration
    videos_beside: int
    def __init__(self, stage: _Optional[_Union[Stage, str]] = ..., step: _Optional[int] = ..., steps: _Optional[int] = ..., segment: _Optional[int] = ..., segments: _Optional[int] = ..., queue_position: _Optional[int] = ..., remaining: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., fraction: _Optional[float] = ..., basis: _Optional[_Union[EstimateBasis, str]] = ..., next_fraction: _Optional[float] = ..., step_duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., videos_beside: _Optional[int] = ...) -> None: ...

class Estimate(_message.Message):
    __slots__ = ("remaining", "wait", "basis", "videos_ahead")
    REMAINING_FIELD_NUMBER: _ClassVar[int]
    WAIT_FIELD_NUMBER: _ClassVar[int]
    BASIS_FIELD_NUMBER: _ClassVar[int]
    VIDEOS_AHEAD_FIELD_NUMBER: _ClassVar[int]
    remaining: _duration_pb2.Duration
    wait: _duration_pb2.Duration
    basis: EstimateBasis
    videos_ahead: int
    def __init__(self, remaining: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., wait: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., basis: _Optional[_Union[EstimateBasis, str]] = ..., videos_ahead: _Optional[int] = ...) -> None: ...

class VideoError(_message.Message):
    __slots__ = ("reason", "message", "stage")
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    STAGE_FIELD_NUMBER: _ClassVar[int]
    reason: _error_reason_pb2.ErrorReason
    message: str
    stage: Stage
    def __init__(self, reason: _Optional[_Union[_error_reason_pb2.ErrorReason, str]] = ..., message: _Optional[str] = ..., stage: _Optional[_Union[Stage, str]] = ...) -> None: ...

class Media(_message.Message):
    __slots__ = ("kind", "url", "expire_time", "content_type", "size_bytes", "width", "height", "duration")
    KIND_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    CONTENT_TYPE_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    DURATION_FIELD_NUMBER: _ClassVar[int]
    kind: _settings_pb2.MediaKind
    url: str
    expire_time: _timestamp_pb2.Timestamp
    content_type: str
    size_bytes: int
    width: int
    height: int
    duration: _duration_pb2.Duration
    def __init__(self, kind: _Optional[_Union[_settings_pb2.MediaKind, str]] = ..., url: _Optional[str] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., content_type: _Optional[str] = ..., size_bytes: _Optional[int] = ..., width: _Optional[int] = ..., height: _Optional[int] = ..., duration: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class Share(_message.Message):
    __slots__ = ("url", "expire_time")
    URL_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    url: str
    expire_time: _timestamp_pb2.Timestamp
    def __init__(self, url: _Optional[str] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class SharedVideo(_message.Message):
    __slots__ = ("media", "size", "create_time", "expire_time")
    MEDIA_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_TIME_FIELD_NUMBER: _ClassVar[int]
    media: _containers.RepeatedCompositeFieldContainer[Media]
    size: _settings_pb2.Size
    create_time: _timestamp_pb2.Timestamp
    expire_time: _timestamp_pb2.Timestamp
    def __init__(self, media: _Optional[_Iterable[_Union[Media, _Mapping]]] = ..., size: _Optional[_Union[_settings_pb2.Size, _Mapping]] = ..., create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., expire_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class VideoEvent(_message.Message):
    __slots__ = ("sequence", "snapshot", "time", "video")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    VIDEO_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    snapshot: bool
    time: _timestamp_pb2.Timestamp
    video: Video
    def __init__(self, sequence: _Optional[int] = ..., snapshot: _Optional[bool] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., video: _Optional[_Union[Video, _Mapping]] = ...) -> None: ...

class Preview(_message.Message):
    __slots__ = ("image", "width", "height", "step", "steps", "segment", "kind", "decoded_frames", "frames")
    class Kind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        KIND_UNSPECIFIED: _ClassVar[Preview.Kind]
        KIND_FRAMES: _ClassVar[Preview.Kind]
    KIND_UNSPECIFIED: Preview.Kind
    KIND_FRAMES: Preview.Kind
    IMAGE_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    SEGMENT_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    DECODED_FRAMES_FIELD_NUMBER: _ClassVar[int]
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    image: bytes
    width: int
    height: int
    step: int
    steps: int
    segment: int
    kind: Preview.Kind
    decoded_frames: int
    frames: int
    def __init__(self, image: _Optional[bytes] = ..., width: _Optional[int] = ..., height: _Optional[int] = ..., step: _Optional[int] = ..., steps: _Optional[int] = ..., segment: _Optional[int] = ..., kind: _Optional[_Union[Preview.Kind, str]] = ..., decoded_frames: _Optional[int] = ..., frames: _Optional[int] = ...) -> None: ...
