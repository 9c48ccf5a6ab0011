"""Every method of repair, one file each, in the order of what they cost."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.repair.methods.fine_tune import fine_tune
from auditor.repair.methods.fst import fst
from auditor.repair.methods.ft_sam import ft_sam
from auditor.repair.methods.head_refit import head_refit
from auditor.repair.methods.outlier_exposure import outlier_exposure
from auditor.repair.methods.super_ft import super_ft
from auditor.repair.methods.super_ft_cosine import super_ft_cosine
from auditor.repair.task import Method

METHODS: Mapping[str, Method] = {
    "head-refit": Method(head_refit),
    "fine-tune": Method(fine_tune),
    "fst": Method(fst),
    "super-ft-cosine": Method(super_ft_cosine),
    "super-ft": Method(super_ft),
    "outlier-exposure": Method(outlier_exposure, learns_entities=True),
    "ft-sam": Method(ft_sam),
}
AUTO = "auto"  # all of them in this order, until one is verified
