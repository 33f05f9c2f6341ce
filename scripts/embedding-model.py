"""Writes a BERT model (safetensors) as a GGUF file of 8 bits a weight: embedding-model.py FOLDER FILE.

The names of tensors and of metadata are those that llama.cpp reads for the architecture `bert`.
"""

import json
import struct
import sys
from pathlib import Path

import numpy as np
from gguf import GGMLQuantizationType, GGUFWriter, LlamaFileType, PoolingType, TokenType
from gguf.quants import quantize

NAMES = {
    "embeddings.word_embeddings": "token_embd",
    "embeddings.position_embeddings": "position_embd",
    "embeddings.token_type_embeddings": "token_types",
    "embeddings.LayerNorm": "token_embd_norm",
    "attention.self.query": "attn_q",
    "attention.self.key": "attn_k",
    "attention.self.value": "attn_v",
    "attention.output.dense": "attn_output",
    "attention.output.LayerNorm": "attn_output_norm",
    "intermediate.dense": "ffn_up",
    "output.dense": "ffn_down",
    "output.LayerNorm": "layer_output_norm",
}


def tensors(path):
    """Every tensor of a safetensors file, which here are all F32."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    begin = 8 + length
    for name, entry in json.loads(data[8:begin]).items():
        if name == "__metadata__" or entry["dtype"] != "F32":
            continue
        start, end = entry["data_offsets"]
        yield name, np.frombuffer(data[begin + start : begin + end], dtype=np.float32).reshape(entry["shape"])


def new_name(name):
    """llama.cpp's name of a tensor; none where it has no use for it."""
    stem, kind = name.rsplit(".", 1)
    if stem.startswith("encoder.layer."):
        number, rest = stem.removeprefix("encoder.layer.").split(".", 1)
        return f"blk.{number}.{NAMES[rest]}.{kind}"
    return f"{NAMES[stem]}.{kind}" if stem in NAMES else None


def vocabulary(path):
    """Word pieces in llama.cpp's way: a word's first piece has a mark, the others have lost theirs."""
    words, kinds = [], []
    for word in path.read_text(encoding="utf-8").splitlines():
        control = word in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
        kinds.append(TokenType.CONTROL if control else TokenType.NORMAL)
        if not control:
            word = word[2:] if word.startswith("##") else "\u2581" + word
        words.append(word)
    return words, kinds


def main(folder, target):
    config = json.loads((folder / "config.json").read_text())
    words, kinds = vocabulary(folder / "vocab.txt")
    numbers = {word: number for number, word in enumerate(words)}

    writer = GGUFWriter(target, "bert")
    writer.add_name("all-MiniLM-L6-v2")
    writer.add_license("apache-2.0")
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_head_count(config["num_attention_heads"])
    writer.add_layer_norm_eps(config["layer_norm_eps"])
    writer.add_causal_attention(False)
    writer.add_pooling_type(PoolingType.MEAN)
    writer.add_file_type(LlamaFileType.MOSTLY_Q8_0)
    writer.add_tokenizer_model("bert")
    writer.add_token_list(words)
    writer.add_token_types(kinds)
    writer.add_token_type_count(config["type_vocab_size"])
    writer.add_unk_token_id(numbers["[UNK]"])
    writer.add_sep_token_id(numbers["[SEP]"])
    writer.add_pad_token_id(numbers["[PAD]"])
    writer.add_uint32("tokenizer.ggml.cls_token_id", numbers["[CLS]"])
    writer.add_mask_token_id(numbers["[MASK]"])
    writer.add_bos_token_id(numbers["[CLS]"])
    writer.add_eos_token_id(numbers["[SEP]"])

    for name, values in tensors(folder / "model.safetensors"):
        name = new_name(name)
        if name is None:
            continue
        small = values.ndim == 1 or name.startswith(("position_embd", "token_types"))
        if small:
            writer.add_tensor(name, values)
        else:
            kind = GGMLQuantizationType.Q8_0
            writer.add_tensor(name, quantize(values, kind), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
