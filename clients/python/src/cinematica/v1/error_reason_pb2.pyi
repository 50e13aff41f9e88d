from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from typing import ClassVar as _ClassVar

DESCRIPTOR: _descriptor.FileDescriptor

class ErrorReason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ERROR_REASON_UNSPECIFIED: _ClassVar[ErrorReason]
    ERROR_REASON_INVALID_REQUEST: _ClassVar[ErrorReason]
    ERROR_REASON_IMAGE_TYPE_UNSUPPORTED: _ClassVar[ErrorReason]
    ERROR_REASON_IMAGE_UNREADABLE: _ClassVar[ErrorReason]
    ERROR_REASON_IMAGE_TOO_LARGE: _ClassVar[ErrorReason]
    ERROR_REASON_IMAGE_TOO_SMALL: _ClassVar[ErrorReason]
    ERROR_REASON_MODEL_UNKNOWN: _ClassVar[ErrorReason]
    ERROR_REASON_SETTING_UNSUPPORTED: _ClassVar[ErrorReason]
    ERROR_REASON_VIDEO_NOT_FOUND: _ClassVar[ErrorReason]
    ERROR_REASON_REQUEST_ID_REUSED: _ClassVar[ErrorReason]
    ERROR_REASON_VIDEO_NOT_READY: _ClassVar[ErrorReason]
    ERROR_REASON_VIDEO_ENDED: _ClassVar[ErrorReason]
    ERROR_REASON_TOO_MANY_VIDEOS: _ClassVar[ErrorReason]
    ERROR_REASON_TOO_MANY_REQUESTS: _ClassVar[ErrorReason]
    ERROR_REASON_SYSTEM_BUSY: _ClassVar[ErrorReason]
    ERROR_REASON_STORAGE_FULL: _ClassVar[ErrorReason]
    ERROR_REASON_NOT_AUTHENTICATED: _ClassVar[ErrorReason]
    ERROR_REASON_UNAVAILABLE: _ClassVar[ErrorReason]
    ERROR_REASON_SLOT_TAKEN: _ClassVar[ErrorReason]
    ERROR_REASON_STAGE_FAILED: _ClassVar[ErrorReason]
    ERROR_REASON_TOOK_TOO_LONG: _ClassVar[ErrorReason]
    ERROR_REASON_DATA_LOST: _ClassVar[ErrorReason]
    ERROR_REASON_INTERNAL: _ClassVar[ErrorReason]
    ERROR_REASON_OUT_OF_MEMORY: _ClassVar[ErrorReason]
ERROR_REASON_UNSPECIFIED: ErrorReason
ERROR_REASON_INVALID_REQUEST: ErrorReason
ERROR_REASON_IMAGE_TYPE_UNSUPPORTED: ErrorReason
ERROR_REASON_IMAGE_UNREADABLE: ErrorReason
ERROR_REASON_IMAGE_TOO_LARGE: ErrorReason
ERROR_REASON_IMAGE_TOO_SMALL: ErrorReason
ERROR_REASON_MODEL_UNKNOWN: ErrorReason
ERROR_REASON_SETTING_UNSUPPORTED: ErrorReason
ERROR_REASON_VIDEO_NOT_FOUND: ErrorReason
ERROR_REASON_REQUEST_ID_REUSED: ErrorReason
ERROR_REASON_VIDEO_NOT_READY: ErrorReason
ERROR_REASON_VIDEO_ENDED: ErrorReason
ERROR_REASON_TOO_MANY_VIDEOS: ErrorReason
ERROR_REASON_TOO_MANY_REQUESTS: ErrorReason
ERROR_REASON_SYSTEM_BUSY: ErrorReason
ERROR_REASON_STORAGE_FULL: ErrorReason
ERROR_REASON_NOT_AUTHENTICATED: ErrorReason
ERROR_REASON_UNAVAILABLE: ErrorReason
ERROR_REASON_SLOT_TAKEN: ErrorReason
ERROR_REASON_STAGE_FAILED: ErrorReason
ERROR_REASON_TOOK_TOO_LONG: ErrorReason
ERROR_REASON_DATA_LOST: ErrorReason
ERROR_REASON_INTERNAL: ErrorReason
ERROR_REASON_OUT_OF_MEMORY: ErrorReason
