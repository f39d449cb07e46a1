"""The models that are offered when the operator lists none, provider by provider; the first is the default."""

from backend.upstreams.config import ModelConfig, Provider
from backend.upstreams.local import DISPLAY_NAME
from backend.upstreams.shapes import RATIOS

_LOCAL = (
    ModelConfig(
        id="local",
        name=DISPLAY_NAME,
        description="在本机用 OpenCV 处理,无需密钥和网络 / image processing on this server, without a key or network",
        max_edge=4096,
        max_references=0,
    ),
)
_GEMINI = (
    ModelConfig(
        id="gemini-3.1-flash-image",
        name="Nano Banana 2",
        description="Gemini 3.1 Flash Image: 快速,日常修图首选 / fast, the everyday choice",
        sizes=("1K", "2K", "4K"),
        aspect_ratios=(*RATIOS, "1:4", "4:1", "1:8", "8:1"),
    ),
    ModelConfig(
        id="gemini-3-pro-image",
        name="Nano Banana Pro",
        description="Gemini 3 Pro Image: 细节与文字更准,较慢 / better detail and text, slower",
        sizes=("1K", "2K", "4K"),
        aspect_ratios=RATIOS,
    ),
    ModelConfig(
        id="gemini-2.5-flash-image",
        name="Nano Banana",
        description="Gemini 2.5 Flash Image: 上一代 / the previous generation",
        aspect_ratios=RATIOS,
        max_references=2,
    ),
)
_OPENAI = (
    ModelConfig(
        id="gpt-image-2",
        name="GPT Image 2",
        description="OpenAI: 高保真编辑 / high-fidelity editing",
        sizes=("1K", "2K", "4K"),
        aspect_ratios=("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9"),
    ),
    ModelConfig(
        id="gpt-image-1.5",
        name="GPT Image 1.5",
        description="OpenAI: 上一代 / the previous generation",
        aspect_ratios=("1:1", "2:3", "3:2"),
    ),
    ModelConfig(
        id="gpt-image-1-mini",
        name="GPT Image 1 mini",
        description="OpenAI: 经济型 / the economical one",
        aspect_ratios=("1:1", "2:3", "3:2"),
    ),
)
_DASHSCOPE = (
    ModelConfig(
        id="qwen-image-edit-plus",
        name="Qwen Image Edit Plus",
        description="通义千问图像编辑 / Alibaba's image editing model",
        sizes=("1K", "2K"),
        aspect_ratios=("1:1", "2:3", "3:2", "3:4", "4:3", "9:16", "16:9"),
        max_references=2,
    ),
    ModelConfig(
        id="qwen-image-edit",
        name="Qwen Image Edit",
        description="通义千问图像编辑,单图 / the single-image model",
        max_references=0,
    ),
)

DEFAULTS: dict[Provider, tuple[ModelConfig, ...]] = {
    "local": _LOCAL,
    "gemini": _GEMINI,
    "openai-chat": tuple(model.model_copy(update={"id": f"google/{model.id}"}) for model in _GEMINI),
    "openai-images": _OPENAI,
    "dashscope": _DASHSCOPE,
}
