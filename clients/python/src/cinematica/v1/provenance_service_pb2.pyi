import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ContentCredentialsState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CONTENT_CREDENTIALS_STATE_UNSPECIFIED: _ClassVar[ContentCredentialsState]
    CONTENT_CREDENTIALS_STATE_MISSING: _ClassVar[ContentCredentialsState]
    CONTENT_CREDENTIALS_STATE_VALID: _ClassVar[ContentCredentialsState]
    CONTENT_CREDENTIALS_STATE_INVALID: _ClassVar[ContentCredentialsState]

class InvisibleMarkState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    INVISIBLE_MARK_STATE_UNSPECIFIED: _ClassVar[InvisibleMarkState]
    INVISIBLE_MARK_STATE_NOT_FOUND: _ClassVar[InvisibleMarkState]
    INVISIBLE_MARK_STATE_FOUND: _ClassVar[InvisibleMarkState]
    INVISIBLE_MARK_STATE_READ: _ClassVar[InvisibleMarkState]
CONTENT_CREDENTIALS_STATE_UNSPECIFIED: ContentCredentialsState
CONTENT_CREDENTIALS_STATE_MISSING: ContentCredentialsState
CONTENT_CREDENTIALS_STATE_VALID: ContentCredentialsState
CONTENT_CREDENTIALS_STATE_INVALID: ContentCredentialsState
INVISIBLE_MARK_STATE_UNSPECIFIED: InvisibleMarkState
INVISIBLE_MARK_STATE_NOT_FOUND: InvisibleMarkState
INVISIBLE_MARK_STATE_FOUND: InvisibleMarkState
INVISIBLE_MARK_STATE_READ: InvisibleMarkState

class VerifyMediaRequest(_message.Message):
    __slots__ = ("media",)
    MEDIA_FIELD_NUMBER: _ClassVar[int]
    media: bytes
    def __init__(self, media: _Optional[bytes] = ...) -> None: ...

class VerifyMediaResponse(_message.Message):
    __slots__ = ("invisible_mark", "declared_generated", "content_credentials")
    INVISIBLE_MARK_FIELD_NUMBER: _ClassVar[int]
    DECLARED_GENERATED_FIELD_NUMBER: _ClassVar[int]
    CONTENT_CREDENTIALS_FIELD_NUMBER: _ClassVar[int]
    invisible_mark: InvisibleMark
    declared_generated: bool
    content_credentials: ContentCredentials
    def __init__(self, invisible_mark: _Optional[_Union[InvisibleMark, _Mapping]] = ..., declared_generated: _Optional[bool] = ..., content_credentials: _Optional[_Union[ContentCredentials, _Mapping]] = ...) -> None: ...

class ContentCredentials(_message.Message):
    __slots__ = ("state", "signer_trusted", "signer", "generator", "generated", "sign_time", "problems", "signed_here")
    STATE_FIELD_NUMBER: _ClassVar[int]
    SIGNER_TRUSTED_FIELD_NUMBER: _ClassVar[int]
    SIGNER_FIELD_NUMBER: _ClassVar[int]
    GENERATOR_FIELD_NUMBER: _ClassVar[int]
    GENERATED_FIELD_NUMBER: _ClassVar[int]
    SIGN_TIME_FIELD_NUMBER: _ClassVar[int]
    PROBLEMS_FIELD_NUMBER: _ClassVar[int]
    SIGNED_HERE_FIELD_NUMBER: _ClassVar[int]
    state: ContentCredentialsState
    signer_trusted: bool
    signer: str
    generator: str
    generated: bool
    sign_time: _timestamp_pb2.Timestamp
    problems: _containers.RepeatedScalarFieldContainer[str]
    signed_here: bool
    def __init__(self, state: _Optional[_Union[ContentCredentialsState, str]] = ..., signer_trusted: _Optional[bool] = ..., signer: _Optional[str] = ..., generator: _Optional[str] = ..., generated: _Optional[bool] = ..., sign_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., problems: _Optional[_Iterable[str]] = ..., signed_here: _Optional[bool] = ...) -> None: ...

class InvisibleMark(_message.Message):
    __slots__ = ("state", "score", "installation", "video_create_time")
    STATE_FIELD_NUMBER: _ClassVar[int]
    SCORE_FIELD_NUMBER: _ClassVar[int]
    INSTALLATION_FIELD_NUMBER: _ClassVar[int]
    VIDEO_CREATE_TIME_FIELD_NUMBER: _ClassVar[int]
    state: InvisibleMarkState
    score: float
    installation: int
    video_create_time: _timestamp_pb2.Timestamp
    def __init__(self, state: _Optional[_Union[InvisibleMarkState, str]] = ..., score: _Optional[float] = ..., installation: _Optional[int] = ..., video_create_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...
