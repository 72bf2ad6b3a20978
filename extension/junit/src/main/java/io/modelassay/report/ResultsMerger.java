package io.modelassay.report;

import io.modelassay.evaluation.Limit;
import io.modelassay.evaluation.Measure;
import io.modelassay.evaluation.Subject;
import io.modelassay.report.Results.Check;
import io.modelassay.report.Results.Compared;
import io.modelassay.report.Results.HeldTo;
import io.modelassay.report.Results.Model;
import io.modelassay.report.Results.Part;
import io.modelassay.report.Results.Run;
import io.modelassay.report.Results.Summary;
import io.modelassay.report.Results.Test;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** Makes one result of the parts of a run, sorted, so that equal runs give equal documents. */
final class ResultsMerger {
    private static final Comparator<Check> BY_MODEL = Comparator.comparing(Check::model)
            .thenComparing(Check::check)
            .thenComparing(Check::provenance)
            .thenComparing(Check::limit)
            .thenComparing(check -> String.valueOf(check.value()))
            .thenComparing(Check::holds)
            .thenComparing(Check::unit)
            .thenComparing(check -> String.valueOf(check.standardError()));

    private static final Comparator<Compared> BY_NAME = Comparator.comparing(Compared::model)
            .thenComparing(Compared::text)
            .thenComparing(Compared::protocol)
            .thenComparing(Compared::device)
            .thenComparing(Compared::dtype)
            .thenComparing(Compared::engine);

    private ResultsMerger() {}

    /** @param parts at least one */
    static Results merge(String run, List<Part> parts) {
        List<Part> inOrder = parts.stream()
                .sorted(Comparator.comparing(Part::finished).thenComparing(Part::process))
                .toList();
        // Two models, or two texts, may have one name; equal in every figure they are one comparison.
        Set<Compared> comparisons = new LinkedHashSet<>();
        TreeSet<Check> checks = new TreeSet<>(BY_MODEL);
        Map<String, Subject> identities = new TreeMap<>();
        Map<String, Test> tests = new TreeMap<>();
        for (Part part : inOrder) {
            part.comparisons().forEach(compared -> comparisons.add(compared.limitedTo(null)));
            checks.addAll(part.checks());
            part.models().forEach(model -> identities.putIfAbsent(model.name(), model));
            part.tests().forEach(test -> tests.put(test.name(), test));
        }
        List<Compared> limited = comparisons.stream()
                .sorted(BY_NAME)
                .map(compared -> compared.limitedTo(driftLimit(compared, checks).orElse(null)))
                .toList();
        List<Model> models = models(limited, checks, identities);
        return new Results(
                Results.SCHEMA,
                new Run(
                        run,
                        inOrder.stream()
                                .map(Part::started)
                                .min(Comparator.naturalOrder())
                                .orElse(""),
                        inOrder.get(inOrder.size() - 1).finished(),
                        inOrder.size(),
                        System.getProperty("java.version", ""),
                        System.getProperty("os.name", "") + " " + System.getProperty("os.arch", "")),
                summary(tests.values(), checks, models.size(), limited.size()),
                models,
                limited,
                List.copyOf(checks),
                List.copyOf(tests.values()),
                unused(parts));
    }

    /** Baselines that no JVM of the run has asked for; none where none was asked for, as when one other test is run. */
    private static List<String> unused(List<Part> parts) {
        TreeSet<String> ids = new TreeSet<>();
        parts.forEach(part -> ids.addAll(part.baselinesRecorded()));
        boolean anyUsed = false;
        for (Part part : parts) {
            anyUsed |= !part.baselinesUsed().isEmpty();
            part.baselinesUsed().forEach(ids::remove);
        }
        return anyUsed ? List.copyOf(ids) : List.of();
    }

    /** The strictest limit that a check has held this comparison's drift against. */
    private static Optional<Double> driftLimit(Compared compared, Collection<Check> checks) {
        return checks.stream()
                .filter(check -> check.measure() == Measure.PERPLEXITY_DRIFT && check.isOf(compared))
                .map(Check::heldTo)
                .filter(limit -> limit != null && limit.direction() == Limit.Direction.AT_MOST)
                .map(HeldTo::bound)
                .filter(Objects::nonNull)
                .min(Comparator.naturalOrder());
    }

    private static Summary summary(Collection<Test> tests, Collection<Check> checks, int models, int comparisons) {
        return new Summary(
                tests.size(),
                count(tests, "passed"),
                count(tests, "failed"),
                count(tests, "aborted"),
                count(tests, "skipped"),
                checks.size(),
                failed(checks),
                models,
                comparisons);
    }

    private static int count(Collection<Test> tests, String outcome) {
        return (int)
                tests.stream().filter(test -> test.outcome().equals(outcome)).count();
    }

    private static int failed(Collection<Check> checks) {
        return (int) checks.stream().filter(check -> !check.holds()).count();
    }

    private static List<Model> models(
            List<Compared> comparisons, Collection<Check> checks, Map<String, Subject> identities) {
        TreeSet<String> names = new TreeSet<>();
        comparisons.forEach(compared -> names.add(compared.model()));
        checks.forEach(check -> names.add(check.model()));
        Map<String, Compared> byModel = new LinkedHashMap<>();
        comparisons.forEach(compared -> byModel.putIfAbsent(compared.model(), compared));
        List<Model> models = new ArrayList<>();
        for (String name : names) {
            List<Check> own =
                    checks.stream().filter(check -> check.model().equals(name)).toList();
            Subject parts = identities.getOrDefault(name, Subject.stored(name));
            Optional<Compared> compared = Optional.ofNullable(byModel.get(name));
            models.add(new Model(
                    name,
                    parts.artifact(),
                    parts.quantization(),
                    parts.adapter(),
                    own.size(),
                    failed(own),
                    compared.map(Compared::perplexity).orElse(null),
                    compared.map(Compared::referencePerplexity).orElse(null),
                    compared.map(Compared::driftPercent).orElse(null),
                    compared.map(Compared::ranOn).orElse(null)));
        }
        return List.copyOf(models);
    }
}
