package io.modelassay.inspection;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import io.modelassay.quantization.StoredQuantization;
import java.util.List;
import java.util.Optional;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * Whether the MLPs of an artifact are padded with channels of zeros, and whether that was done as it must be: alike in gate,
 * up and down, with the config, and before quantization. Shapes are looked at first, then small parts, then the values of one
 * layer, and of all layers only where that one has zero channels. Immutable.
 */
@API(status = API.Status.EXPERIMENTAL)
public final class PaddingReport {
    private final int mlps;
    private final long intermediateSize;
    private final int channels;
    private final @Nullable PaddingOrder order;
    private final List<Finding> findings;

    PaddingReport(int mlps, long intermediateSize, int channels, @Nullable PaddingOrder order, List<Finding> findings) {
        this.mlps = mlps;
        this.intermediateSize = intermediateSize;
        this.channels = channels;
        this.order = order;
        this.findings = List.copyOf(findings);
    }

    /**
     * Of headers, of the values of unquantized weights, and of small parts of quantized ones; starts no engine. Zero channels of
     * quantized weights are not seen, since nothing is decoded.
     */
    public static PaddingReport withoutDecoding(Checkpoint checkpoint, StoredQuantization stored) {
        return new PaddingCheck(checkpoint, stored, null).report();
    }

    /**
     * Of headers and values. Where MLPs are quantized, {@code decoded} is asked about one layer, and about all layers if that
     * one has zero channels.
     */
    public static PaddingReport of(Checkpoint checkpoint, StoredQuantization stored, DecodedZeros decoded) {
        return new PaddingCheck(checkpoint, stored, decoded).report();
    }

    /** Number of gated MLPs; 0 where the names of the modules are not known, so that nothing was looked at. */
    public int mlps() {
        return mlps;
    }

    /** Channels of each MLP by its tensors, 0 where they differ or nothing was looked at. */
    public long intermediateSize() {
        return intermediateSize;
    }

    /** Channels that are zero in gate, up and down of every MLP; 0 where the model is not padded. */
    public int channels() {
        return channels;
    }

    /** Where they are; empty where the model is not padded. */
    public Optional<PaddingOrder> order() {
        return Optional.ofNullable(order);
    }

    /** Whether every MLP is padded, and nothing is wrong with it. */
    public boolean isPadded() {
        return order != null && defects().isEmpty();
    }

    /** {@code padded} where all is well, else what is wrong; empty where the model is not padded. */
    public List<Finding> findings() {
        return findings;
    }

    /** What is wrong. */
    public List<Finding> defects() {
        return findings.stream()
                .filter(finding -> finding.severity() != Severity.INFO)
                .toList();
    }
}
