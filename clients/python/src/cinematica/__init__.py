"""Makes short videos from still photos with a Cinemática system."""

from .client import Client, VideoEndedError, reason_of
from .v1.settings_pb2 import CameraMove, MediaKind, Preset, Resolution, VideoSettings
from .v1.video_pb2 import Video

__all__ = [
    "CameraMove",
    "Client",
    "MediaKind",
    "Preset",
    "Resolution",
    "Video",
    "VideoEndedError",
    "VideoSettings",
    "reason_of",
]
