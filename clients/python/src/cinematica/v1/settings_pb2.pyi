from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Sampler(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SAMPLER_UNSPECIFIED: _ClassVar[Sampler]
    SAMPLER_EULER: _ClassVar[Sampler]
    SAMPLER_AYS: _ClassVar[Sampler]
    SAMPLER_ANIMATELCM: _ClassVar[Sampler]

class CameraMove(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CAMERA_MOVE_UNSPECIFIED: _ClassVar[CameraMove]
    CAMERA_MOVE_STILL: _ClassVar[CameraMove]
    CAMERA_MOVE_PUSH_IN: _ClassVar[CameraMove]
    CAMERA_MOVE_PULL_OUT: _ClassVar[CameraMove]
    CAMERA_MOVE_PAN_LEFT: _ClassVar[CameraMove]
    CAMERA_MOVE_PAN_RIGHT: _ClassVar[CameraMove]
    CAMERA_MOVE_TILT_UP: _ClassVar[CameraMove]
    CAMERA_MOVE_TILT_DOWN: _ClassVar[CameraMove]
    CAMERA_MOVE_ORBIT_LEFT: _ClassVar[CameraMove]
    CAMERA_MOVE_ORBIT_RIGHT: _ClassVar[CameraMove]

class Quality(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    QUALITY_UNSPECIFIED: _ClassVar[Quality]
    QUALITY_BEST: _ClassVar[Quality]
    QUALITY_FAST: _ClassVar[Quality]
    QUALITY_DRAFT: _ClassVar[Quality]

class Preset(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PRESET_UNSPECIFIED: _ClassVar[Preset]
    PRESET_CALM: _ClassVar[Preset]
    PRESET_NATURAL: _ClassVar[Preset]
    PRESET_LIVELY: _ClassVar[Preset]

class Resolution(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RESOLUTION_UNSPECIFIED: _ClassVar[Resolution]
    RESOLUTION_MODEL: _ClassVar[Resolution]
    RESOLUTION_HD: _ClassVar[Resolution]
    RESOLUTION_FULL_HD: _ClassVar[Resolution]

class MediaKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    MEDIA_KIND_UNSPECIFIED: _ClassVar[MediaKind]
    MEDIA_KIND_PHOTO: _ClassVar[MediaKind]
    MEDIA_KIND_POSTER: _ClassVar[MediaKind]
    MEDIA_KIND_MP4: _ClassVar[MediaKind]
    MEDIA_KIND_LOOP: _ClassVar[MediaKind]
    MEDIA_KIND_WEBP: _ClassVar[MediaKind]
    MEDIA_KIND_WEBM: _ClassVar[MediaKind]
    MEDIA_KIND_CARD: _ClassVar[MediaKind]
SAMPLER_UNSPECIFIED: Sampler
SAMPLER_EULER: Sampler
SAMPLER_AYS: Sampler
SAMPLER_ANIMATELCM: Sampler
CAMERA_MOVE_UNSPECIFIED: CameraMove
CAMERA_MOVE_STILL: CameraMove
CAMERA_MOVE_PUSH_IN: CameraMove
CAMERA_MOVE_PULL_OUT: CameraMove
CAMERA_MOVE_PAN_LEFT: CameraMove
CAMERA_MOVE_PAN_RIGHT: CameraMove
CAMERA_MOVE_TILT_UP: CameraMove
CAMERA_MOVE_TILT_DOWN: CameraMove
CAMERA_MOVE_ORBIT_LEFT: CameraMove
CAMERA_MOVE_ORBIT_RIGHT: CameraMove
QUALITY_UNSPECIFIED: Quality
QUALITY_BEST: Quality
QUALITY_FAST: Quality
QUALITY_DRAFT: Quality
PRESET_UNSPECIFIED: Preset
PRESET_CALM: Preset
PRESET_NATURAL: Preset
PRESET_LIVELY: Preset
RESOLUTION_UNSPECIFIED: Resolution
RESOLUTION_MODEL: Resolution
RESOLUTION_HD: Resolution
RESOLUTION_FULL_HD: Resolution
MEDIA_KIND_UNSPECIFIED: MediaKind
MEDIA_KIND_PHOTO: MediaKind
MEDIA_KIND_POSTER: MediaKind
MEDIA_KIND_MP4: MediaKind
MEDIA_KIND_LOOP: MediaKind
MEDIA_KIND_WEBP: MediaKind
MEDIA_KIND_WEBM: MediaKind
MEDIA_KIND_CARD: MediaKind

class VideoSettings(_message.Message):
    __slots__ = ("model", "preset", "frames", "conditioning_fps", "frame_rate", "motion_bucket_id", "noise_aug_strength", "steps", "min_guidance", "max_guidance", "seed", "size", "aspect_ratio", "crop", "outputs", "camera", "resolution", "guidance_steps", "cache_interval", "cache_branch", "quality", "frame_interval", "sampler")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    PRESET_FIELD_NUMBER: _ClassVar[int]
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    CONDITIONING_FPS_FIELD_NUMBER: _ClassVar[int]
    FRAME_RATE_FIELD_NUMBER: _ClassVar[int]
    MOTION_BUCKET_ID_FIELD_NUMBER: _ClassVar[int]
    NOISE_AUG_STRENGTH_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    MIN_GUIDANCE_FIELD_NUMBER: _ClassVar[int]
    MAX_GUIDANCE_FIELD_NUMBER: _ClassVar[int]
    SEED_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    ASPECT_RATIO_FIELD_NUMBER: _ClassVar[int]
    CROP_FIELD_NUMBER: _ClassVar[int]
    OUTPUTS_FIELD_NUMBER: _ClassVar[int]
    CAMERA_FIELD_NUMBER: _ClassVar[int]
    RESOLUTION_FIELD_NUMBER: _ClassVar[int]
    GUIDANCE_STEPS_FIELD_NUMBER: _ClassVar[int]
    CACHE_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    CACHE_BRANCH_FIELD_NUMBER: _ClassVar[int]
    QUALITY_FIELD_NUMBER: _ClassVar[int]
    FRAME_INTERVAL_FIELD_NUMBER: _ClassVar[int]
    SAMPLER_FIELD_NUMBER: _ClassVar[int]
    model: str
    preset: Preset
    frames: int
    conditioning_fps: int
    frame_rate: int
    motion_bucket_id: int
    noise_aug_strength: float
    steps: int
    min_guidance: float
    max_guidance: float
    seed: int
    size: Size
    aspect_ratio: AspectRatio
    crop: Crop
    outputs: _containers.RepeatedScalarFieldContainer[MediaKind]
    camera: CameraMove
    resolution: Resolution
    guidance_steps: int
    cache_interval: int
    cache_branch: int
    quality: Quality
    frame_interval: int
    sampler: Sampler
    def __init__(self, model: _Optional[str] = ..., preset: _Optional[_Union[Preset, str]] = ..., frames: _Optional[int] = ..., conditioning_fps: _Optional[int] = ..., frame_rate: _Optional[int] = ..., motion_bucket_id: _Optional[int] = ..., noise_aug_strength: _Optional[float] = ..., steps: _Optional[int] = ..., min_guidance: _Optional[float] = ..., max_guidance: _Optional[float] = ..., seed: _Optional[int] = ..., size: _Optional[_Union[Size, _Mapping]] = ..., aspect_ratio: _Optional[_Union[AspectRatio, _Mapping]] = ..., crop: _Optional[_Union[Crop, _Mapping]] = ..., outputs: _Optional[_Iterable[_Union[MediaKind, str]]] = ..., camera: _Optional[_Union[CameraMove, str]] = ..., resolution: _Optional[_Union[Resolution, str]] = ..., guidance_steps: _Optional[int] = ..., cache_interval: _Optional[int] = ..., cache_branch: _Optional[int] = ..., quality: _Optional[_Union[Quality, str]] = ..., frame_interval: _Optional[int] = ..., sampler: _Optional[_Union[Sampler, str]] = ...) -> None: ...

class Size(_message.Message):
    __slots__ = ("width", "height")
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    width: int
    height: int
    def __init__(self, width: _Optional[int] = ..., height: _Optional[int] = ...) -> None: ...

class AspectRatio(_message.Message):
    __slots__ = ("width", "height")
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    width: int
    height: int
    def __init__(self, width: _Optional[int] = ..., height: _Optional[int] = ...) -> None: ...

class Crop(_message.Message):
    __slots__ = ("x", "y", "zoom")
    X_FIELD_NUMBER: _ClassVar[int]
    Y_FIELD_NUMBER: _ClassVar[int]
    ZOOM_FIELD_NUMBER: _ClassVar[int]
    x: float
    y: float
    zoom: float
    def __init__(self, x: _Optional[float] = ..., y: _Optional[float] = ..., zoom: _Optional[float] = ...) -> None: ...
