package io.modelassay.inspection;

import java.util.BitSet;
import java.util.Locale;
import org.apiguardian.api.API;

/** Where the zero channels of a padded MLP are. */
@API(status = API.Status.EXPERIMENTAL)
public enum PaddingOrder {
    /** One after each of the first channels, as Qwen's script does it: no group of a quantization is zero as a whole. */
    INTERLEAVED,
    /** All after the last channel. */
    APPENDED,
    /** Anywhere else. */
    OTHER;

    /** Fewer zero channels are a model's own: padding comes in groups. */
    static final int LEAST_CHANNELS = 8;

    /** The order of {@code zeros} among {@code channels}. */
    static PaddingOrder of(BitSet zeros, int channels) {
        int count = zeros.cardinality();
        if (zeros.nextSetBit(0) == channels - count) {
            return APPENDED;
        }
        for (int i = 0; i < count; i++) {
            if (!zeros.get(2 * i + 1)) {
                return OTHER;
            }
        }
        return INTERLEAVED;
    }

    /** In lower case, for people. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }
}
