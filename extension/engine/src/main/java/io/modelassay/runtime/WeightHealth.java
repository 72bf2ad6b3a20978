package io.modelassay.runtime;

import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorType;
import io.modelassay.inspection.DecodedZeros;
import io.modelassay.quantization.Codec;
import io.modelassay.quantization.PackedWeight;
import java.util.BitSet;
import java.util.Map;
import org.apiguardian.api.API;

/** Figures by which the stored quantized weights of one checkpoint are judged. */
@API(status = API.Status.INTERNAL)
public final class WeightHealth implements AutoCloseable {
    private final Checkpoint checkpoint;
    private final Kernels kernels;
    private final WeightDecoder decoder;

    /** Figures of {@code checkpoint}, which stays its owner's to close, computed on {@code engine}. */
    public WeightHealth(Checkpoint checkpoint, TorchEngine engine) {
        this.checkpoint = checkpoint;
        this.kernels = Kernels.shared(engine, "sanity.py");
        this.decoder = new WeightDecoder(checkpoint, engine);
    }

    /**
     * What a tensor of scales holds.
     *
     * @param count values
     * @param nonFinite NaN and infinities
     * @param negative values below 0
     * @param zero zeros
     * @param subnormal values below the normal range of their type and not negligible beside the others
     * @param ones values of exactly 1
     */
    public record Scales(long count, long nonFinite, long negative, long zero, long subnormal, long ones) {}

    /**
     * A decoded weight beside the weight it was made from.
     *
     * @param relativeError {@code |W' - W| / |W|} in Frobenius norms
     * @param meanSignedError mean of {@code W' - W}, in units of the mean scale where the format has equal steps, else 0
     * @param cosine mean cosine between columns of the two, which scaling of columns, as AWQ does it, leaves alone
     */
    public record Likeness(double relativeError, double meanSignedError, double cosine) {
        /** Whether this is clearly nearer to the reference than {@code other}. */
        public boolean isFarBetterThan(Likeness other) {
            return relativeError < 0.6 * other.relativeError || 1 - cosine < 0.4 * (1 - other.cosine);
        }
    }

    /** Counts over one tensor of scales. */
    public Scales scales(TensorInfo tensor) {
        try (Tensor stored = stored(tensor);
                Tensor counts = kernels.call("scale_counts", stored, smallestNormal(tensor.type()))) {
            long[] c = kernels.longs(counts);
            return new Scales(c[0], c[1], c[2], c[3], c[4], c[5]);
        }
    }

    private Tensor stored(TensorInfo tensor) {
        return kernels.stored(tensor.name(), tensor.type(), tensor.shape(), checkpoint.map(tensor));
    }

    private static double smallestNormal(TensorType type) {
        return switch (type) {
            case F16 -> 0x1p-14;
            case F8_E4M3 -> 0x1p-6;
            case F8_E5M2 -> 0x1p-14;
            default -> Float.MIN_NORMAL;
        };
    }

    /** {@code weight}, read by {@code codec}, beside {@code reference}. */
    public Likeness likeness(PackedWeight weight, Codec codec, Tensor reference) {
        try (Tensor decoded = decoder.decode(weight, codec, Map.of("reference", reference));
                Tensor figures = kernels.call("likeness", decoded, reference)) {
            double[] values = kernels.doubles(figures);
            return new Likeness(values[0], signed(weight, values[1]), values[2]);
        }
    }

    private double signed(PackedWeight weight, double error) {
        if (!weight.isUniform() || weight.scales().isEmpty()) {
            return 0;
        }
        TensorInfo scales = weight.scales().values().iterator().next();
        try (Tensor stored = stored(scales);
                Tensor mean = kernels.call("mean_magnitude", stored)) {
            return error / kernels.doubles(mean)[0];
        }
    }

    /** The zero rows and columns of {@code weight} once it is decoded. */
    public DecodedZeros.Channels zeroChannels(PackedWeight weight) {
        try (Tensor decoded = decoder.decode(weight);
                Tensor zeros = kernels.call("zero_channels", decoded)) {
            long[] flags = kernels.longs(zeros);
            int rows = Math.toIntExact(weight.shape().dimension(0));
            return new DecodedZeros.Channels(set(flags, 0, rows), set(flags, rows, flags.length));
        }
    }

    private static BitSet set(long[] flags, int from, int to) {
        BitSet set = new BitSet();
        for (int i = from; i < to; i++) {
            set.set(i - from, flags[i] == 1);
        }
        return set;
    }

    @Override
    public void close() {
        decoder.close();
    }
}
