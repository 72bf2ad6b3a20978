package io.modelassay.adapter;

import io.modelassay.checkpoint.Shape;
import org.apiguardian.api.API;

/**
 * A module of the base model that owns a weight.
 *
 * @param name its full name, such as {@code model.layers.0.self_attn.q_proj}
 * @param kind what it is
 * @param weight shape of its weight, unquantized
 * @param gptq whether it is stored in GPTQ's format, for which PEFT has layers of its own
 */
@API(status = API.Status.EXPERIMENTAL)
public record BaseModule(String name, Kind kind, Shape weight, boolean gptq) {

    /** What a module is, as far as methods treat it differently. */
    public enum Kind {
        /** {@code [out, in]}. */
        LINEAR,
        /** A linear module that stores {@code [in, out]}, as GPT-2's do. */
        TRANSPOSED,
        /** The linear module that gives the logits. */
        HEAD,
        /** {@code [rows, dimensions]}. */
        EMBEDDING,
        /** {@code [out, in, kernel…]}. */
        CONVOLUTION,
        /** A matrix of unknown use. */
        MATRIX,
        /** Anything else, such as a normalization. */
        OTHER
    }

    /** A module that is stored in another format, or in full precision. */
    public BaseModule(String name, Kind kind, Shape weight) {
        this(name, kind, weight, false);
    }

    /** Outputs of a linear module or a convolution. */
    long out() {
        return weight.dimension(kind == Kind.TRANSPOSED ? 1 : 0);
    }

    /** Inputs of a linear module or a convolution. */
    long in() {
        return weight.dimension(kind == Kind.TRANSPOSED ? 0 : 1);
    }

    BaseModule named(String other) {
        return new BaseModule(other, kind, weight, gptq);
    }

    boolean isLinear() {
        return kind == Kind.LINEAR || kind == Kind.TRANSPOSED || kind == Kind.HEAD || kind == Kind.MATRIX;
    }
}
