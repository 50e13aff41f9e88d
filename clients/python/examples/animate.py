"""Makes a video from a photo: animate.py PHOTO VIDEO. CINEMATICA_TARGET and CINEMATICA_API_KEY name the system."""

import os
import sys

import grpc

from cinematica import Client, VideoEndedError, VideoSettings, reason_of

photo, target_file = sys.argv[1:3]
target = os.environ.get("CINEMATICA_TARGET", "localhost:8080")
settings = VideoSettings(frames=int(os.environ["FRAMES"])) if "FRAMES" in os.environ else None

with Client(target, os.environ.get("CINEMATICA_API_KEY")) as client:
    try:
        video = client.create(photo, settings)
        print(video.name, file=sys.stderr)
        done = client.wait(video, lambda progress: print(f"{progress.fraction:.0%}", file=sys.stderr))
        client.download(done, target_file)
        print(target_file)
    except grpc.RpcError as error:
        sys.exit(f"{reason_of(error)}: {error.details()}")
    except VideoEndedError as error:
        sys.exit(f"the video could not be made: {error}")
