"""The words that a setting, a verdict or a report chooses from. Enumerations and nothing else."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """The three things a report can say of a model. There is no fourth."""

    BACKDOOR_EVIDENCE = "backdoor-evidence"
    NO_EVIDENCE = "no-evidence"
    NOT_AUDITED = "not-audited"


class Severity(StrEnum):
    """How bad it is if the finding is true, from mild to grave."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for low to 3 for critical, so that severities can be compared."""
        return list(Severity).index(self)


class Confidence(StrEnum):
    """How often the rule that spoke is right, measured on models of known truth."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class CheckpointFormat(StrEnum):
    """The weight files auditor opens; pickles only where the user accepts that risk."""

    SAFETENSORS = "safetensors"
    ONNX = "onnx"
    PICKLE = "pickle"


class InstanceSource(StrEnum):
    """Where the instances of an entity come from; each has a null of its own."""

    PHOTOGRAPH = "photograph"
    RENDERED = "rendered"
    SYNTHESISED = "synthesised"
    DIFFUSION = "diffusion"


class Pictures(StrEnum):
    """Which pictures a report holds. Clean data may be more private than a bank of entities."""

    ALL = "all"
    ENTITIES = "entities"
    NONE = "none"


class Trust(StrEnum):
    """A risk that the user may accept for a checkpoint. By default none is."""

    PICKLE = "pickle"
    REMOTE_CODE = "remote-code"
