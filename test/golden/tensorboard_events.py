"""Golden records of TensorBoard's events, written by TensorBoard itself (pip install tensorboard).

    python tensorboard_events.py         writes tensorboard_events.json
    python tensorboard_events.py RUN     prints as JSON what TensorBoard reads in a folder of events
"""
import base64
import io
import json
import pathlib
import sys

TIME = 1700000000.25
PNG = bytes(range(256)) * 2


def golden():
    from tensorboard.compat.proto.event_pb2 import Event, SessionLog
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.record_writer import RecordWriter

    value = Summary.Value
    image = Summary.Image(height=24, width=32, colorspace=3, encoded_image_string=PNG)
    scalars = [value(tag="loss/training", simple_value=0.625), value(tag="learning rate", simple_value=0.1)]
    events = {
        "version": Event(file_version="brain.Event:2"),
        "scalars": Event(step=1234567, summary=Summary(value=scalars)),
        "image": Event(step=1, summary=Summary(value=[value(tag="images/0", image=image)])),
        "restart": Event(step=300, session_log=SessionLog(status=SessionLog.START)),
    }
    records = {}
    for name, event in events.items():
        event.wall_time = TIME
        file = io.BytesIO()
        RecordWriter(file).write(event.SerializeToString())
        records[name] = base64.b64encode(file.getvalue()).decode()
    path = pathlib.Path(__file__).with_suffix(".json")
    path.write_text(json.dumps(records, indent=2) + "\n")


def read(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(folder, size_guidance={"scalars": 0, "images": 0})
    events.Reload()
    tags = events.Tags()
    scalars = {tag: [[e.step, e.value] for e in events.Scalars(tag)] for tag in tags["scalars"]}
    images = {tag: [[e.step, e.width, e.height] for e in events.Images(tag)] for tag in tags["images"]}
    print(json.dumps({"scalars": scalars, "images": images}))


read(sys.argv[1]) if len(sys.argv) > 1 else golden()
