"""Text in, a stream of tokens out. Knows nothing of windows, documents, settings or where models live."""

import os

# ONNX Runtime's official builds keep a number of this machine in the user's cache and send reports to Microsoft, from
# the moment they are loaded. Its own switch for that is read then, and later calls come too late.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
