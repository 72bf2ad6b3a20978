package io.modelassay.diagnosis;

import io.modelassay.failure.InvalidRequestException;
import io.modelassay.quantization.Quantization;
import io.modelassay.runtime.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apiguardian.api.API;

/**
 * A quantization to be judged before it is made.
 *
 * @param procedure how
 * @param bits bits of a code
 * @param groupSize input channels that share a scale, or {@link #PER_CHANNEL}
 * @param dtype the type that the model is loaded and computed in
 */
@API(status = API.Status.EXPERIMENTAL)
public record Setting(Procedure procedure, int bits, int groupSize, DType dtype) {
    /** Group size that means one group over all input channels. */
    public static final int PER_CHANNEL = Quantization.PER_CHANNEL;

    /** The compute types, widest first. */
    static final List<DType> DTYPES = List.of(DType.FP32, DType.BF16, DType.FP16);

    /**
     * A setting.
     *
     * @throws IllegalArgumentException if the procedure has no such bits or group size, or the type is {@link DType#AUTO}
     */
    public Setting {
        if (!procedure.arithmetic().fits(bits, groupSize)) {
            throw new InvalidRequestException(
                    procedure.label() + " has no " + bits + " bits with group size " + groupSize,
                    "bits of " + procedure.bits() + ", group size of " + procedure.groupSizes());
        }
        dtype.scalarType(); // refuses AUTO
    }

    /** What {@code quantization} comes to in {@code dtype}. */
    public static Setting of(Quantization quantization, DType dtype) {
        return new Setting(Procedure.of(quantization), quantization.bits(), quantization.groupSize(), dtype);
    }

    /**
     * What {@code quantization} comes to in the {@linkplain Procedure#computeType type in which its tools compute}.
     *
     * @param model the model's own type
     */
    public static Setting asToolsRun(Quantization quantization, DType model) {
        return of(quantization, Procedure.of(quantization).computeType(model));
    }

    /** Every setting that a search judges. */
    public static List<Setting> all() {
        List<Setting> all = new ArrayList<>();
        for (Procedure procedure : Procedure.values()) {
            for (DType dtype : DTYPES) {
                for (int bits : procedure.bits()) {
                    for (int groupSize : procedure.groupSizes()) {
                        all.add(new Setting(procedure, bits, groupSize, dtype));
                    }
                }
            }
        }
        return List.copyOf(all);
    }

    /** Such as {@code GPTQ, 4 bits, g128, fp16}. */
    @Override
    public String toString() {
        return procedure.label() + ", " + bits + " bits, " + extent(groupSize) + ", "
                + dtype.name().toLowerCase(Locale.ROOT);
    }

    static String extent(int groupSize) {
        return groupSize == PER_CHANNEL ? "per channel" : "g" + groupSize;
    }
}
