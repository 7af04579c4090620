"""Models and data sets that cannot be fine-tuned with."""

from commonground.errors.compute import InvalidSpec


class UnsuitableModel(InvalidSpec):
    """A model cannot be fine-tuned, or not for this task."""

    status, code = 400, "CG-2111"
    en, zh = "The model cannot be fine-tuned: {reason}.", "该模型无法微调：{reason}。"
    remedy = "take a model of the transformers library with safetensors weights, and a task its architecture has"


class UnsuitableData(InvalidSpec):
    """A data set has not the rows, columns or labels that a task needs."""

    status, code = 400, "CG-2112"
    en, zh = "The data set does not suit the task: {reason}.", "数据集不适合该任务：{reason}。"
    remedy = "name the columns with the options text_column and label_column, or change the data set"
