"""A text-to-image pipeline of random weights, made on the spot."""

from __future__ import annotations

import json
import string
import warnings
from pathlib import Path


def _tokenizer(folder: Path) -> object:
    """One token a character."""
    from transformers import CLIPTokenizer

    letters = [*string.digits, *string.ascii_letters, *string.punctuation]
    words = [*letters, *(f"{each}</w>" for each in letters), "<|startoftext|>", "<|endoftext|>"]
    folder.mkdir()
    (folder / "vocab.json").write_text(json.dumps({word: i for i, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    return CLIPTokenizer(
        str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=77
    )


def write_pipeline(room: Path) -> Path:
    """A Stable Diffusion pipeline of a few thousand random weights, in Hub layout."""
    import diffusers
    import torch
    from transformers import CLIPTextConfig, CLIPTextModel

    words = _tokenizer(room / "words")
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.manual_seed(0)
        text = CLIPTextConfig(
            hidden_size=16,
            intermediate_size=16,
            num_attention_heads=2,
            num_hidden_layers=1,
            vocab_size=len(words),
            bos_token_id=words.bos_token_id,
            eos_token_id=words.eos_token_id,
            pad_token_id=1,
        )
        made = diffusers.StableDiffusionPipeline(
            vae=diffusers.AutoencoderKL(
                block_out_channels=[4, 8],
                down_block_types=["DownEncoderBlock2D"] * 2,
                up_block_types=["UpDecoderBlock2D"] * 2,
                norm_num_groups=2,
            ),
            unet=diffusers.UNet2DConditionModel(
                block_out_channels=(4, 8),
                layers_per_block=1,
                sample_size=8,
                down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
                up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
                cross_attention_dim=16,
                norm_num_groups=2,
                attention_head_dim=2,
            ),
            text_encoder=CLIPTextModel(text),
            tokenizer=words,
            scheduler=diffusers.DDIMScheduler(clip_sample=False, steps_offset=1),
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
        )
        made.save_pretrained(room / "pipeline", safe_serialization=True)
    return room / "pipeline"
