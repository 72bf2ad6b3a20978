package io.modelassay.runtime;

import java.util.List;
import org.apiguardian.api.API;

/**
 * Hidden states of some windows of tokens, in batches of windows of one length.
 *
 * @param batches the windows of each batch, and their hidden states
 */
@API(status = API.Status.INTERNAL)
public record Activations(List<Batch> batches) implements AutoCloseable {
    /**
     * Windows of one length.
     *
     * @param windows token ids
     * @param hidden {@code [windows, positions, hidden size]} in the compute type
     */
    public record Batch(List<int[]> windows, Tensor hidden) {}

    @Override
    public void close() {
        batches.forEach(batch -> batch.hidden().close());
    }
}
