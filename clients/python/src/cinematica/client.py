"""A client over gRPC that retries safely, and continues after lost connections."""

from __future__ import annotations

import os
import time
import urllib.request
import uuid
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urljoin

import grpc
from google.rpc import error_details_pb2, status_pb2

from .v1 import video_pb2, video_service_pb2, video_service_pb2_grpc
from .v1.settings_pb2 import MediaKind, VideoSettings

CALL_TIMEOUT = 10.0
"""Timeout of short calls, in seconds."""
UPLOAD_TIMEOUT = 120.0
GIVE_UP = 60.0
"""How long an unreachable system is retried, in seconds."""

FINAL = {video_pb2.Video.STATE_DONE, video_pb2.Video.STATE_FAILED, video_pb2.Video.STATE_CANCELLED}


class VideoEndedError(Exception):
    """The video failed, or someone cancelled it. `video` is the video in that state."""

    def __init__(self, video: video_pb2.Video) -> None:
        failed = video.state == video_pb2.Video.STATE_FAILED
        super().__init__(video.error.message if failed else "the video was cancelled")
        self.video = video


class Client:
    """A client of a Cinemática system.

    `target` is its address, such as `localhost:8080`. `secure` is for a system behind TLS.
    """

    def __init__(self, target: str, api_key: str | None = None, *, secure: bool = False) -> None:
        self._metadata = [("authorization", f"Bearer {api_key}")] if api_key else []
        self._url = f"{'https' if secure else 'http'}://{target}"
        options = [("grpc.keepalive_time_ms", 30_000), ("grpc.max_send_message_length", 17_000_000)]
        if secure:
            self._channel = grpc.secure_channel(target, grpc.ssl_channel_credentials(), options)
        else:
            self._channel = grpc.insecure_channel(target, options)
        self.rpc = video_service_pb2_grpc.VideoServiceStub(self._channel)
        """All methods of the API, without retries."""

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._channel.close()

    def create(self, photo: str | os.PathLike[str] | bytes, settings: VideoSettings | None = None) -> video_pb2.Video:
        """Uploads a photo, a path or bytes. Returns when the video is accepted, before it is made."""
        image = photo if isinstance(photo, bytes) else Path(photo).read_bytes()
        # With the same id, a repeated request returns the same video.
        request = video_service_pb2.CreateVideoRequest(image=image, settings=settings, request_id=str(uuid.uuid4()))
        return self._repeat(self.rpc.CreateVideo, request, UPLOAD_TIMEOUT).video

    def get(self, name: str) -> video_pb2.Video:
        """Returns a video with new links to its files."""
        return self._repeat(self.rpc.GetVideo, video_service_pb2.GetVideoRequest(name=name), CALL_TIMEOUT).video

    def wait(
        self, video: video_pb2.Video, on_update: Callable[[video_pb2.Progress], None] | None = None
    ) -> video_pb2.Video:
        """Waits until a video is done. Raises VideoEndedError when it failed or was cancelled."""
        last = self.get(video.name)
        unreachable_since = None
        while last.state not in FINAL:
            request = video_service_pb2.WatchVideoRequest(name=video.name, after_sequence=last.sequence)
            try:
                for response in self.rpc.WatchVideo(request, metadata=self._metadata):
                    unreachable_since = None
                    if response.HasField("event"):
                        last = response.event.video
                    if on_update and response.HasField("progress"):
                        on_update(response.progress)
                if last.state not in FINAL:
                    # The stream ended early, as when the system restarts.
                    time.sleep(1)
            except grpc.RpcError as error:
                unreachable_since = _wait_after(error, unreachable_since)
        if last.state != video_pb2.Video.STATE_DONE:
            raise VideoEndedError(last)
        return last

    def download(
        self,
        video: video_pb2.Video,
        path: str | os.PathLike[str],
        kind: MediaKind.ValueType = MediaKind.MEDIA_KIND_MP4,
    ) -> None:
        """Downloads a file of a video."""
        media = next((each for each in self.get(video.name).media if each.kind == kind), None)
        if media is None:
            raise ValueError(f"{video.name} has no file of the kind {MediaKind.Name(kind)}")
        part = Path(f"{os.fspath(path)}.part")
        with urllib.request.urlopen(urljoin(self._url, media.url), timeout=60) as response, part.open("wb") as file:
            while piece := response.read(1 << 16):
                file.write(piece)
        if part.stat().st_size != media.size_bytes:
            raise ConnectionError("the download was interrupted")
        part.replace(path)

    def _repeat(self, method, request, timeout: float):
        """Repeats a call while the system is unreachable."""
        unreachable_since = None
        while True:
            try:
                return method(request, timeout=timeout, metadata=self._metadata)
            except grpc.RpcError as error:
                unreachable_since = _wait_after(error, unreachable_since)


def _wait_after(error: grpc.RpcError, since: float | None) -> float:
    """Waits before the next attempt. Raises the error when another attempt would not help."""
    now = time.monotonic()
    since = now if since is None else since
    if error.code() != grpc.StatusCode.UNAVAILABLE or now - since > GIVE_UP:
        raise error
    time.sleep(1)
    return since


def reason_of(error: grpc.RpcError) -> str:
    """The reason of an error, such as `TOO_MANY_VIDEOS`; empty when the system gave none."""
    for key, value in error.trailing_metadata() or ():
        if key != "grpc-status-details-bin":
            continue
        for detail in status_pb2.Status.FromString(value).details:
            info = error_details_pb2.ErrorInfo()
            if detail.Unpack(info) and info.domain == "cinematica.dev":
                return info.reason
    return ""
