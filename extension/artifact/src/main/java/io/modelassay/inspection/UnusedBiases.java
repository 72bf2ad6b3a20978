package io.modelassay.inspection;

import io.modelassay.architecture.LoadReport;
import io.modelassay.checkpoint.Checkpoint;
import io.modelassay.checkpoint.Finding;
import io.modelassay.checkpoint.Finding.Severity;
import io.modelassay.checkpoint.TensorInfo;
import io.modelassay.checkpoint.TensorScan;
import io.modelassay.checkpoint.ValueScan;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apiguardian.api.API;

/** Finds biases that no loader of the architecture uses, and judges them by their values: a handful of bytes each. */
@API(status = API.Status.EXPERIMENTAL)
public final class UnusedBiases {
    private static final String BIAS = ".bias";

    private UnusedBiases() {}

    /** The unused biases of {@code report}, sorted by name; a bias of integers is none. */
    public static List<UnusedBias> of(Checkpoint checkpoint, LoadReport report) {
        return report.unusedBiases().stream()
                .filter(tensor -> tensor.type().isFloatingPoint())
                .map(tensor -> read(checkpoint, tensor))
                .toList();
    }

    /** Biases of {@code names} whose every value is zero, so that a model with them computes as one without. */
    static Set<String> zero(Checkpoint checkpoint, Collection<String> names) {
        return names.stream()
                .filter(name -> name.endsWith(BIAS))
                .flatMap(name -> checkpoint.find(name).stream())
                .filter(tensor -> tensor.type().isFloatingPoint())
                .map(tensor -> read(checkpoint, tensor))
                .filter(UnusedBias::isBenign)
                .map(UnusedBias::name)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static UnusedBias read(Checkpoint checkpoint, TensorInfo tensor) {
        String module = tensor.name().substring(0, tensor.name().length() - BIAS.length());
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
                zero.size() + (zero.size() == 1 ? " bias stands" : " biases stand")
                        + " on modules whose architecture has none, and every value is zero, so loaders warn and nothing is"
                        + " lost: "
                        + NameGroup.summary(zero.stream().map(UnusedBias::name).toList()),
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
