package io.modelassay.runtime;

import io.modelassay.architecture.Parameter;
import io.modelassay.quantization.Codec;
import io.modelassay.quantization.PackedWeight;
import io.modelassay.quantization.QuantizationPlan;
import io.modelassay.quantization.StoredQuantization;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apiguardian.api.API;

/** Weights of which some modules are quantized again after they were changed: encoded and decoded in float32. */
@API(status = API.Status.INTERNAL)
public final class RequantizedWeights implements Weights {
    private final Weights changed;
    private final Map<String, Codec> codecs;
    private final TorchEngine engine;

    /** Quantizes the modules that {@code codecs} has. */
    public RequantizedWeights(Weights changed, Map<String, Codec> codecs, TorchEngine engine) {
        this.changed = changed;
        this.codecs = Map.copyOf(codecs);
        this.engine = engine;
    }

    /**
     * The codecs of those of {@code modules} that are quantized, by module.
     *
     * @throws RuntimeFailure {@code not-mergeable} if one is stored in a format that nothing here quantizes again
     */
    public static Map<String, Codec> codecs(
            Set<String> modules, StoredQuantization stored, Optional<QuantizationPlan> applied) {
        Map<String, Codec> codecs = new LinkedHashMap<>();
        for (String module : modules) {
            stored.find(module + ".weight")
                    .ifPresent(weight ->
                            codecs.put(module, stored.requantization(weight).orElseThrow(() -> notMergeable(weight))));
            applied.flatMap(plan -> plan.settings(module)).ifPresent(settings -> codecs.put(module, settings.codec()));
        }
        return codecs;
    }

    private static RuntimeFailure notMergeable(PackedWeight weight) {
        return new RuntimeFailure(
                RuntimeProblem.NOT_MERGEABLE,
                "An adapter can't be merged into " + weight.parameter() + ", stored as "
                        + weight.format().label() + ", for which there is no quantizing again",
                "merge it into the float base and quantize the result; or use it unmerged");
    }

    @Override
    public Tensor load(Parameter parameter, DType dtype) {
        Codec codec = parameter.kind() == Parameter.Kind.LINEAR ? codecs.get(parameter.module()) : null;
        if (codec == null) {
            return changed.load(parameter, dtype);
        }
        Kernels kernels = kernels(codec);
        Map<String, Tensor> parts;
        try (Tensor weight = changed.load(parameter, DType.FP32)) {
            parts = kernels.callMap("encode", weight, codec.options());
        }
        try (Tensor decoded = kernels.call("decode", parts, codec.options())) {
            return kernels.call("convert", decoded, dtype.scalarType());
        } finally {
            parts.values().forEach(Tensor::close);
        }
    }

    private Kernels kernels(Codec codec) {
        return engine.shared(codec.kernels(), () -> Kernels.compile(engine, Codec.class, codec.kernels()));
    }

    @Override
    public Tensor rows(Parameter table, long first, long count, DType dtype) {
        return changed.rows(table, first, count, dtype);
    }

    @Override
    public Tensor gather(Parameter table, int[] ids, DType dtype) {
        return changed.gather(table, ids, dtype);
    }

    @Override
    public void prefetch(Parameter parameter) {
        changed.prefetch(parameter);
    }
}
