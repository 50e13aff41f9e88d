from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PushSubscription(_message.Message):
    __slots__ = ("endpoint", "p256dh", "auth")
    ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    P256DH_FIELD_NUMBER: _ClassVar[int]
    AUTH_FIELD_NUMBER: _ClassVar[int]
    endpoint: str
    p256dh: bytes
    auth: bytes
    def __init__(self, endpoint: _Optional[str] = ..., p256dh: _Optional[bytes] = ..., auth: _Optional[bytes] = ...) -> None: ...

class RequestNotificationRequest(_message.Message):
    __slots__ = ("name", "subscription", "language")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SUBSCRIPTION_FIELD_NUMBER: _ClassVar[int]
    LANGUAGE_FIELD_NUMBER: _ClassVar[int]
    name: str
    subscription: PushSubscription
    language: str
    def __init__(self, name: _Optional[str] = ..., subscription: _Optional[_Union[PushSubscription, _Mapping]] = ..., language: _Optional[str] = ...) -> None: ...

class RequestNotificationResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class WithdrawNotificationRequest(_message.Message):
    __slots__ = ("name", "endpoint")
    NAME_FIELD_NUMBER: _ClassVar[int]
    ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    name: str
    endpoint: str
    def __init__(self, name: _Optional[str] = ..., endpoint: _Optional[str] = ...) -> None: ...

class WithdrawNotificationResponse(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
