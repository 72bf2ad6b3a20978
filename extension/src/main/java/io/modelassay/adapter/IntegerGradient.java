package io.modelassay.adapter;

import org.apiguardian.api.API;

/**
 * A tensor of integers of which training would ask a gradient. PyTorch refuses: only tensors of a floating point type can
 * require gradients.
 *
 * @param tensor its name in the checkpoint or in the adapter
 * @param storage how it is stored, such as {@code U8}
 * @param asker who asks
 * @param entry what in the adapter's config asks for it; empty where no config does
 */
@API(status = API.Status.EXPERIMENTAL)
public record IntegerGradient(String tensor, String storage, Asker asker, String entry) {
    /** Who asks for the gradient. */
    public enum Asker {
        /** The base holds integers where its architecture has a parameter, and no quantization explains them. */
        BASE,
        /** {@code modules_to_save} copies a quantized module to train it whole. */
        SAVED_MODULE,
        /** The adapter's own tensors are stored as integers. */
        ADAPTER
    }
}
