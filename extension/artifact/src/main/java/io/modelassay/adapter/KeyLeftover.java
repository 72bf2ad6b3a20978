package io.modelassay.adapter;

import org.apiguardian.api.API;

/** What saving in some other way than {@code save_pretrained} leaves in keys, so that PEFT does not find them. */
@API(status = API.Status.EXPERIMENTAL)
public enum KeyLeftover {
    /** {@code lora_A.default.weight}. */
    ADAPTER_NAME(
            "the adapter's name behind the tensor's (\"lora_A.default.weight\"), which PEFT reads from 0.21 on",
            "get_peft_model_state_dict(model), which takes the name out, or model.save_pretrained(folder)"),
    /** {@code q_proj.base_layer.lora_A.weight}. */
    BASE_LAYER("\".base_layer\" in the module's name", "rename the keys; an adapter was put on top of an adapter"),
    /** {@code _orig_mod.base_model.model…}. */
    COMPILED("\"_orig_mod.\", which torch.compile puts in front", "save model._orig_mod, not its compiled wrapper"),
    /** {@code module.base_model.model…}. */
    DATA_PARALLEL(
            "\"module.\", which DistributedDataParallel puts in front", "save model.module, not the wrapper around it"),
    /** {@code model.layers.0…}. */
    PREFIX_ABSENT("no \"base_model.model.\" in front", "put \"base_model.model.\" in front of every key"),
    /** {@code base_model.model.base_model.model…}. */
    PREFIX_DOUBLED("\"base_model.model.\" more than once", "take the repeated \"base_model.model.\" out of every key"),
    /** {@code base_model.model.layers.0…} for a model that has a head, or the other way around. */
    BASE_PREFIX(
            "the names of the model without its head (or with one \"model.\" too many)",
            "load the adapter on the class that it was trained on, or rename the keys"),
    /** {@code base_model.model.visual.blocks.0…}. */
    OLD_PATHS(
            "module names from before transformers 4.52, which transformers 5 does not translate for adapters",
            "rename the keys to the present paths, or load with transformers 4.52 to 4.57 and PEFT 0.16 or later");

    private final String words;
    private final String cure;

    KeyLeftover(String words, String cure) {
        this.words = words;
        this.cure = cure;
    }

    /** What the keys have, as a part of a sentence. */
    public String words() {
        return words;
    }

    /** What to do about it. */
    public String cure() {
        return cure;
    }
}
