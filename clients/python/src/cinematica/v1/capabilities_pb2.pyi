import datetime

from cinematica.v1 import settings_pb2 as _settings_pb2
from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Capabilities(_message.Message):
    __slots__ = ("models", "limits", "version", "push_public_key")
    MODELS_FIELD_NUMBER: _ClassVar[int]
    LIMITS_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    PUSH_PUBLIC_KEY_FIELD_NUMBER: _ClassVar[int]
    models: _containers.RepeatedCompositeFieldContainer[Model]
    limits: Limits
    version: str
    push_public_key: bytes
    def __init__(self, models: _Optional[_Iterable[_Union[Model, _Mapping]]] = ..., limits: _Optional[_Union[Limits, _Mapping]] = ..., version: _Optional[str] = ..., push_public_key: _Optional[bytes] = ...) -> None: ...

class Model(_message.Message):
    __slots__ = ("name", "title", "digest", "licence", "sizes", "size_multiple", "window", "defaults", "presets", "execution_providers", "camera_moves", "qualities", "replaced_operators", "samplers")
    NAME_FIELD_NUMBER: _ClassVar[int]
    TITLE_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    LICENCE_FIELD_NUMBER: _ClassVar[int]
    SIZES_FIELD_NUMBER: _ClassVar[int]
    SIZE_MULTIPLE_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    DEFAULTS_FIELD_NUMBER: _ClassVar[int]
    PRESETS_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_PROVIDERS_FIELD_NUMBER: _ClassVar[int]
    CAMERA_MOVES_FIELD_NUMBER: _ClassVar[int]
    QUALITIES_FIELD_NUMBER: _ClassVar[int]
    REPLACED_OPERATORS_FIELD_NUMBER: _ClassVar[int]
    SAMPLERS_FIELD_NUMBER: _ClassVar[int]
    name: str
    title: str
    digest: str
    licence: Licence
    sizes: _containers.RepeatedCompositeFieldContainer[_settings_pb2.Size]
    size_multiple: int
    window: int
    defaults: _settings_pb2.VideoSettings
    presets: _containers.RepeatedCompositeFieldContainer[PresetSettings]
    execution_providers: _containers.RepeatedScalarFieldContainer[str]
    camera_moves: _containers.RepeatedScalarFieldContainer[_settings_pb2.CameraMove]
    qualities: _containers.RepeatedCompositeFieldContainer[QualitySettings]
    replaced_operators: _containers.RepeatedScalarFieldContainer[str]
    samplers: _containers.RepeatedScalarFieldContainer[_settings_pb2.Sampler]
    def __init__(self, name: _Optional[str] = ..., title: _Optional[str] = ..., digest: _Optional[str] = ..., licence: _Optional[_Union[Licence, _Mapping]] = ..., sizes: _Optional[_Iterable[_Union[_settings_pb2.Size, _Mapping]]] = ..., size_multiple: _Optional[int] = ..., window: _Optional[int] = ..., defaults: _Optional[_Union[_settings_pb2.VideoSettings, _Mapping]] = ..., presets: _Optional[_Iterable[_Union[PresetSettings, _Mapping]]] = ..., execution_providers: _Optional[_Iterable[str]] = ..., camera_moves: _Optional[_Iterable[_Union[_settings_pb2.CameraMove, str]]] = ..., qualities: _Optional[_Iterable[_Union[QualitySettings, _Mapping]]] = ..., replaced_operators: _Optional[_Iterable[str]] = ..., samplers: _Optional[_Iterable[_Union[_settings_pb2.Sampler, str]]] = ...) -> None: ...

class Licence(_message.Message):
    __slots__ = ("name", "spdx_id", "url", "notice")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SPDX_ID_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    NOTICE_FIELD_NUMBER: _ClassVar[int]
    name: str
    spdx_id: str
    url: str
    notice: str
    def __init__(self, name: _Optional[str] = ..., spdx_id: _Optional[str] = ..., url: _Optional[str] = ..., notice: _Optional[str] = ...) -> None: ...

class QualitySettings(_message.Message):
    __slots__ = ("quality", "settings")
    QUALITY_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    quality: _settings_pb2.Quality
    settings: _settings_pb2.VideoSettings
    def __init__(self, quality: _Optional[_Union[_settings_pb2.Quality, str]] = ..., settings: _Optional[_Union[_settings_pb2.VideoSettings, _Mapping]] = ...) -> None: ...

class PresetSettings(_message.Message):
    __slots__ = ("preset", "settings")
    PRESET_FIELD_NUMBER: _ClassVar[int]
    SETTINGS_FIELD_NUMBER: _ClassVar[int]
    preset: _settings_pb2.Preset
    settings: _settings_pb2.VideoSettings
    def __init__(self, preset: _Optional[_Union[_settings_pb2.Preset, str]] = ..., settings: _Optional[_Union[_settings_pb2.VideoSettings, _Mapping]] = ...) -> None: ...

class Limits(_message.Message):
    __slots__ = ("max_image_bytes", "max_image_pixels", "image_types", "frames", "conditioning_fps", "frame_rate", "motion_bucket_id", "noise_aug_strength", "steps", "guidance", "max_unfinished_videos", "max_share_ttl", "retention", "undelete_window", "calls_per_second", "call_burst", "max_videos_per_day", "max_watches", "max_create_request_bytes", "max_batch_size", "max_batch_bytes", "guidance_steps", "cache_interval", "cache_branch", "frame_interval")
    MAX_IMAGE_BYTES_FIELD_NUMBER: _ClassVar[int]
    MAX_IMAGE_PIXELS_FIELD_NUMBER: _ClassVar[int]
    IMAGE_TYPES_FIELD_NUMBER: _ClassVar[int]
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    CONDITIONING_FPS_FIELD_NUMBER: _ClassVar[int]
    FRAME_RATE_FIELD_NUMBER: _ClassVar[int]
    MOTION_BUCKET_ID_FIELD_NUMBER: _ClassVar[int]
    NOISE_AUG_STRENGTH_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    GUIDANCE_FIELD_NUMBER: _ClassVar[int]
    MAX_UNFINISHED_VIDEOS_FIELD_NUMBER: _ClassVar[int]
    MAX_SHARE_TTL_FIELD_NUMBER: _ClassVar[int]
    RETENTION_FIELD_NUMBER: _ClassVar[int]
    UNDELETE_WINDOW_FIELD_NUMBER: _ClassVar[int]
    CALLS_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    CALL_BURST_FIELD_NUMBER: _ClassVar[int]
    MAX_VIDEOS_PER_DAY_FIELD_NUMBER: _ClassVar[int]
    MAX_WATCHES_FIELD_NUMBER: _ClassVar[int]
    MAX_CREATE_REQUEST_BYTES_FIELD_NUMBER: _ClassVar[int]
    MAX_BATCH_SIZE_FIELD_NUMBER: _ClassVar[int]
    MAX_BATCH_BYTES_FIELD_NUMBER: _ClassVar[int]
    GUIDANCE_STEPS_FIELD_NUMBER: _ClassVar[int]
    CACHE_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    CACHE_BRANCH_FIELD_NUMBER: _ClassVar[int]
    FRAME_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    max_image_bytes: int
    max_image_pixels: int
    image_types: _containers.RepeatedScalarFieldContainer[str]
    frames: Range
    conditioning_fps: Range
    frame_rate: Range
    motion_bucket_id: Range
    noise_aug_strength: Range
    steps: Range
    guidance: Range
    max_unfinished_videos: int
    max_share_ttl: _duration_pb2.Duration
    retention: _duration_pb2.Duration
    undelete_window: _duration_pb2.Duration
    calls_per_second: int
    call_burst: int
    max_videos_per_day: int
    max_watches: int
    max_create_request_bytes: int
    max_batch_size: int
    max_batch_bytes: int
    guidance_steps: Range
    cache_interval: Range
    cache_branch: Range
    frame_interval: Range
    def __init__(self, max_image_bytes: _Optional[int] = ..., max_image_pixels: _Optional[int] = ..., image_types: _Optional[_Iterable[str]] = ..., frames: _Optional[_Union[Range, _Mapping]] = ..., conditioning_fps: _Optional[_Union[Range, _Mapping]] = ..., frame_rate: _Optional[_Union[Range, _Mapping]] = ..., motion_bucket_id: _Optional[_Union[Range, _Mapping]] = ..., noise_aug_strength: _Optional[_Union[Range, _Mapping]] = ..., steps: _Optional[_Union[Range, _Mapping]] = ..., guidance: _Optional[_Union[Range, _Mapping]] = ..., max_unfinished_videos: _Optional[int] = ..., max_share_ttl: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., retention: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., undelete_window: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ..., calls_per_second: _Optional[int] = ..., call_burst: _Optional[int] = ..., max_videos_per_day: _Optional[int] = ..., max_watches: _Optional[int] = ..., max_create_request_bytes: _Optional[int] = ..., max_batch_size: _Optional[int] = ..., max_batch_bytes: _Optional[int] = ..., guidance_steps: _Optional[_Union[Range, _Mapping]] = ..., cache_interval: _Optional[_Union[Range, _Mapping]] = ..., cache_branch: _Optional[_Union[Range, _Mapping]] = ..., frame_interval: _Optional[_Union[Range, _Mapping]] = ...) -> None: ...

class Range(_message.Message):
    __slots__ = ("min", "max")
    MIN_FIELD_NUMBER: _ClassVar[int]
    MAX_FIELD_NUMBER: _ClassVar[int]
    min: float
    max: float
    def __init__(self, min: _Optional[float] = ..., max: _Optional[float] = ...) -> None: ...
