package io.modelassay.evaluation;

import org.apiguardian.api.API;

/**
 * The first place of a forward pass at which a value is NaN or infinite.
 *
 * @param module the module whose result it is, such as {@code model.layers.0.mlp.down_proj}
 * @param count non-finite values in that result
 * @param token index of the token in the text
 * @param channel index in the module's output
 */
@API(status = API.Status.EXPERIMENTAL)
public record NonFiniteActivation(String module, long count, long token, long channel) {}
