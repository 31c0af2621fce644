"""Every error that maskwise raises on purpose.

MaskwiseError
├── InvalidInput       an argument breaks a rule
├── UnreadableImage    bytes that are no picture we accept
├── UnreadableVideo    a file or stream that shows no video, or was lost
├── BadDataset         data that cannot be trained or judged on
├── BadRun             a run folder that is missing, foreign, in use or does not match
├── BadBundle          a bundle that is missing, foreign, changed or does not fit together
├── ExportFailed       an exported network answers otherwise than the one it came from
├── ServiceFailed      a service of maskwise cannot be reached, or refuses
├── ClusterFailed      a Ray cluster cannot be reached, does not fit, or lost what ran on it
├── OutputFailed       a file could not be written; what was there before is intact
└── MissingExtra       an optional library is not installed

A message is one line: what is wrong, the rule, the value received, the way out.
"""


class MaskwiseError(Exception):
    """Base of every error raised on purpose."""


class InvalidInput(MaskwiseError, ValueError):
    """An argument breaks a rule; the message names argument, rule and value."""


class UnreadableImage(MaskwiseError):
    """The bytes are not a picture that we accept; the message says why."""


class UnreadableVideo(MaskwiseError):
    """A file or stream shows no video, or was lost; the message says why, and no password."""


class BadDataset(MaskwiseError):
    """The data cannot be trained or judged on; the message names the files."""


class BadRun(MaskwiseError):
    """A run folder is missing, of another version, in use, or does not match the data."""


class BadBundle(MaskwiseError):
    """A bundle is missing, of another version, changed, or its parts do not fit together."""


class ExportFailed(MaskwiseError):
    """An exported network answers otherwise than the one it came from; nothing was written."""


class ServiceFailed(MaskwiseError):
    """A service of maskwise cannot be reached, or refuses; the message says why."""


class ClusterFailed(MaskwiseError):
    """A Ray cluster cannot be reached, does not fit, or lost what ran on it too often."""


class OutputFailed(MaskwiseError):
    """A file could not be written. Whatever stood there before is still there, whole."""


class MissingExtra(MaskwiseError, ImportError):
    """An optional library is not installed; the message holds the install command."""
