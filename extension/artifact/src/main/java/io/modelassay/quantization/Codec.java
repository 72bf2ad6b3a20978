package io.modelassay.quantization;

import io.modelassay.checkpoint.TensorType;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apiguardian.api.API;

/**
 * Kernel files that encode and decode weights, with their options.
 *
 * @param kernels names of the kernel files beside this class, which make one module together
 * @param options integers that the kernels read by name
 * @param decodeType what the library computes in; other than {@link DecodeType#STORED} needs the options {@code compute} and
 *     {@code type}
 * @param codes what the codes are
 * @param stepped whether codes are steps of one scale, so that errors can be told in units of the scale
 */
@API(status = API.Status.INTERNAL)
public record Codec(
        List<String> kernels, Map<String, Long> options, DecodeType decodeType, CodeKind codes, boolean stepped) {
    /** Copies the kernels and the options. */
    public Codec {
        kernels = List.copyOf(kernels);
        options = Map.copyOf(options);
    }

    /** A codec of integers that computes in the type that the file asks for. */
    public Codec(List<String> kernels, Map<String, Long> options) {
        this(kernels, options, DecodeType.STORED, CodeKind.INTEGER, false);
    }

    /** A codec of one kernel file. */
    public Codec(String kernels, Map<String, Long> options) {
        this(List.of(kernels), options);
    }

    /** The same for codes of another kind. */
    public Codec of(CodeKind kind) {
        return new Codec(kernels, options, decodeType, kind, stepped);
    }

    /** The same for codes that are steps of one scale. */
    public Codec inSteps() {
        return new Codec(kernels, options, decodeType, codes, true);
    }

    /** The same where the library computes in another type. */
    public Codec in(DecodeType type) {
        return new Codec(kernels, options, type, codes, stepped);
    }

    /** The codec as the library computes it for a model that is loaded in {@code model}. */
    public Codec loadedIn(TensorType model) {
        long number = FloatTypes.number(model);
        return switch (decodeType) {
            case STORED -> this;
            case MODEL -> with("compute", number).with("type", number);
            case FLOAT32 -> with("type", number);
        };
    }

    /** The value of an option that the codec has. */
    public long option(String name) {
        Long value = options.get(name);
        if (value == null) {
            throw new IllegalArgumentException(String.join(" + ", kernels) + " has no option " + name);
        }
        return value;
    }

    /** The same kernels with one option replaced. */
    public Codec with(String option, long value) {
        Map<String, Long> changed = new HashMap<>(options);
        changed.put(option, value);
        return new Codec(kernels, changed, decodeType, codes, stepped);
    }
}
