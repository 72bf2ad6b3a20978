package io.modelassay.quantizer;

import io.modelassay.architecture.Parameter;
import io.modelassay.quantization.Quantization;
import io.modelassay.quantization.QuantizationPlan;
import io.modelassay.runtime.DType;
import io.modelassay.runtime.LanguageModel;
import io.modelassay.runtime.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apiguardian.api.API;

/** What quantizations that need no inputs lose of each weight, one weight in memory at a time. */
@API(status = API.Status.INTERNAL)
public final class WeightErrors {
    private WeightErrors() {}

    /**
     * The squared error of each module's weight as a share of its squares, in the order of {@code quantizations}; of
     * modules that all of them quantize. Not finite where a value is not, or is too large for the type of the scales.
     */
    public static SortedMap<String, List<Double>> of(LanguageModel model, List<Quantization> quantizations) {
        List<QuantizationPlan> plans = quantizations.stream()
                .map(quantization -> QuantizationPlan.of(quantization, model.plan()))
                .toList();
        List<MeasuredCodec> codecs = new ArrayList<>();
        try {
            quantizations.forEach(quantization -> codecs.add(new MeasuredCodec(quantization, model.engine())));
            SortedMap<String, List<Double>> errors = new TreeMap<>();
            for (Parameter parameter : model.plan().parameters()) {
                if (parameter.kind() == Parameter.Kind.LINEAR
                        && plans.stream().allMatch(plan -> plan.quantizes(parameter.module()))) {
                    errors.put(parameter.module(), errors(model, parameter, quantizations, codecs));
                }
            }
            return errors;
        } finally {
            codecs.forEach(MeasuredCodec::close);
        }
    }

    private static List<Double> errors(
            LanguageModel model, Parameter parameter, List<Quantization> quantizations, List<MeasuredCodec> codecs) {
        try (Tensor weight = model.weights().load(parameter, DType.FP32)) {
            List<Double> errors = new ArrayList<>();
            for (int i = 0; i < codecs.size(); i++) {
                try (MeasuredCodec.Encoded encoded = codecs.get(i).encode(weight, quantizations.get(i))) {
                    errors.add(encoded.error());
                }
            }
            return errors;
        }
    }
}
