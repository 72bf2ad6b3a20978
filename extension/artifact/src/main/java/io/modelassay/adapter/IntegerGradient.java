package io.modelassay.adapter;

import java.util.Optional;
import org.apiguardian.api.API;

/**
 * An integer tensor that training would require a gradient for. PyTorch refuses: only tensors of a floating point type can
 * require gradients.
 *
 * @param tensor its name in the base or in the adapter
 * @param storage how it is stored, such as {@code U8}; empty where it is quantized after loading
 * @param savedBy the entry of {@code modules_to_save} that copies its module, to train it whole; empty for a tensor of the
 *     adapter's own
 */
@API(status = API.Status.EXPERIMENTAL)
public record IntegerGradient(String tensor, Optional<String> storage, Optional<String> savedBy) {}
