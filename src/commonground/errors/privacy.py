"""Differential privacy."""

from commonground.errors.base import CommongroundError


class PrivacyBudgetExceeded(CommongroundError):
    """A run would bring what a data set has given away above its privacy budget."""

    status, code = 409, "CG-2201"
    en = "With this run {dataset} would have spent epsilon {epsilon} of {budget} at delta {delta}."
    zh = "若执行此运行，{dataset} 在 delta {delta} 下的 epsilon 将达到 {epsilon}，超过预算 {budget}。"
    remedy = "`commonground privacy show` lists what was spent; ask for a smaller epsilon, train for fewer steps, or have the budget raised"


class PrivacyUnknown(CommongroundError):
    """A run reads a data set that has a privacy budget, and does not say what it costs."""

    status, code = 409, "CG-2202"
    en = "{dataset} has a privacy budget: {reason}."
    zh = "{dataset} 设有隐私预算：{reason}。"
    remedy = "give the specification a section privacy; docs/explanation/privacy.md says what belongs there"
