package io.modelassay.architecture;

import io.modelassay.checkpoint.Shape;
import org.apiguardian.api.API;

/**
 * A parameter that an architecture has.
 *
 * @param name name of the tensor, such as {@code model.layers.0.self_attn.q_proj.weight}
 * @param module name of the module that owns it, such as {@code model.layers.0.self_attn.q_proj}
 * @param shape expected shape; a linear weight is {@code [out_features, in_features]}
 * @param kind what it is used for
 * @param required false where the file may leave it out: the head of a model that ties it to the embedding
 */
@API(status = API.Status.EXPERIMENTAL)
public record Parameter(String name, String module, Shape shape, Kind kind, boolean required) {

    /** The use of a parameter. */
    public enum Kind {
        /** Rows looked up by token id, {@code [vocabulary, hidden]}. */
        EMBEDDING,
        /** Weight of a linear module other than the head: what weight-only quantization works on. */
        LINEAR,
        /** Additive vector of a linear module or of a normalization. */
        BIAS,
        /** Scale of a normalization. */
        NORM,
        /** Weight that turns hidden states into logits, {@code [vocabulary, hidden]}. */
        HEAD,
        /** Any other weight, such as a convolution's. */
        OTHER
    }
}
