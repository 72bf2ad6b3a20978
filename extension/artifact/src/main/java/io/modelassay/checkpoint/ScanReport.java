package io.modelassay.checkpoint;

import java.util.List;
import org.apiguardian.api.API;

/**
 * Outcome of a value scan.
 *
 * @param tensors one entry for each tensor scanned, in the order asked for
 * @param bytes bytes scanned
 * @param seconds wall-clock time
 * @param threads threads used
 */
@API(status = API.Status.EXPERIMENTAL)
public record ScanReport(List<TensorScan> tensors, long bytes, double seconds, int threads) {

    /** Copies the list. */
    public ScanReport {
        tensors = List.copyOf(tensors);
    }

    /** The tensors with at least one NaN or infinity. */
    public List<TensorScan> nonFinite() {
        return tensors.stream().filter(tensor -> !tensor.isFinite()).toList();
    }
}
