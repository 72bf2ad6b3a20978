package io.modelassay;

import io.modelassay.architecture.ModelPlan;
import io.modelassay.architecture.Parameter;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorScan;
import io.modelassay.checkpoint.ValueScan;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.apiguardian.api.API;

/** Finds biases that no loader of the architecture uses, and judges them by their values: a handful of bytes each. */
@API(status = API.Status.EXPERIMENTAL)
public final class UnusedBiases {
    private static final String BIAS = ".bias";

    private UnusedBiases() {}

    /** Biases in {@code checkpoint} of linear modules that have none in {@code plan}, in the order of the layers. */
    public static List<UnusedBias> of(Checkpoint checkpoint, ModelPlan plan) {
        List<UnusedBias> unused = new ArrayList<>();
        for (Parameter parameter : plan.parameters()) {
            String name = parameter.module() + BIAS;
            if (takesBias(parameter) && plan.parameter(name).isEmpty()) {
                checkpoint
                        .find(name)
                        .filter(tensor -> tensor.type().isFloatingPoint())
                        .ifPresent(tensor -> unused.add(read(checkpoint, parameter.module(), tensor)));
            }
        }
        return unused;
    }

    private static boolean takesBias(Parameter parameter) {
        return parameter.kind() == Parameter.Kind.LINEAR || parameter.kind() == Parameter.Kind.HEAD;
    }

    private static UnusedBias read(Checkpoint checkpoint, String module, TensorInfo tensor) {
        TensorScan scan = ValueScan.withThreads(1).scan(checkpoint, tensor);
        return new UnusedBias(tensor.name(), module, scan.count(), scan.isFinite(), scan.absMax());
    }

    /** {@code unused-bias-zero} for all that are zero together, {@code unused-bias-nonzero} for each that is not. */
    static List<Finding> findings(List<UnusedBias> biases) {
        List<Finding> findings = new ArrayList<>();
        List<UnusedBias> zero = biases.stream().filter(UnusedBias::isBenign).toList();
        Optional<UnusedBias> first = zero.stream().findFirst();
        first.ifPresent(bias -> findings.add(new Finding(
                "unused-bias-zero",
                Severity.INFO,
                bias.name(),
                zero.size() + (zero.size() == 1 ? " bias stands" : " biases, this one first, stand")
                        + " on modules whose architecture has none, and every value is zero: loaders warn of them and"
                        + " nothing is lost",
                "nothing needs doing; save without them to silence the warning")));
        for (UnusedBias bias : biases) {
            if (!bias.isBenign()) {
                findings.add(new Finding(
                        "unused-bias-nonzero",
                        Severity.ERROR,
                        bias.name(),
                        "The module's architecture has no bias, so loaders drop this one, yet it is not zero: max |b| "
                                + String.format(Locale.ROOT, "%.4g", bias.absMax()),
                        "use the model type that has this bias, or find out which tool wrote it"));
            }
        }
        return findings;
    }
}
