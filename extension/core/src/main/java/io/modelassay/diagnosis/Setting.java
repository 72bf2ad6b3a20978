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
        boolean grouped = procedure.isAutoAwq()
                ? procedure.groupSizes().contains(groupSize)
                : groupSize > 0 || groupSize == PER_CHANNEL;
        if (!procedure.bits().contains(bits) || !grouped) {
            throw new InvalidRequestException(
                    procedure.label() + " has no " + bits + " bits with group size " + groupSize,
                    "bits of " + procedure.bits() + ", group size of " + procedure.groupSizes());
        }
        dtype.scalarType(); // refuses AUTO
    }

    /** What {@code quantization} comes to in {@code dtype}. */
    public static Setting of(Quantization quantization, DType dtype) {
        return new Setting(procedure(quantization), quantization.bits(), quantization.groupSize(), dtype);
    }

    /**
     * What {@code quantization} comes to in the {@linkplain Procedure#computeType type in which its tools compute}.
     *
     * @param model the model's own type
     */
    public static Setting asToolsRun(Quantization quantization, DType model) {
        return of(quantization, procedure(quantization).computeType(model));
    }

    private static Procedure procedure(Quantization quantization) {
        return switch (quantization.method()) {
            case GPTQ -> Procedure.GPTQ;
            // AutoAWQ has groups and 4 bits only; on any other grid the scales decide, stored as GPTQ's are.
            case AWQ ->
                quantization.bits() == 4 && Procedure.AUTOAWQ.groupSizes().contains(quantization.groupSize())
                        ? Procedure.AUTOAWQ
                        : Procedure.GPTQ;
            case RTN, HQQ -> Procedure.ROUND_TO_NEAREST;
            case NF4, FP4, LLM_INT8, FP8 -> Procedure.FLOAT_SCALES;
        };
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
