package io.modelassay.junit;

import io.modelassay.ModelAssay;
import io.modelassay.baseline.Baselines;
import io.modelassay.evaluation.Evaluator;
import io.modelassay.evaluation.Recorder;
import io.modelassay.evaluation.Recorders;
import io.modelassay.evaluation.ReferenceCache;
import io.modelassay.report.FigureLog;
import io.modelassay.report.ProgressLine;
import io.modelassay.report.RunReport;
import java.io.PrintWriter;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ExtensionContext.StoreScope;

/**
 * What one run owns: its models and its report. One entry of the launcher session's store, closed with it: a launcher that
 * hands over its classes one by one, as Surefire does with several forks, still has one report and loads a model once.
 */
final class RunResources implements AutoCloseable {
    private static final Namespace NAMESPACE = Namespace.create(RunResources.class);

    private final RunReport report;
    private final Baselines baselines;
    private final ModelStore models;

    private RunResources(ExtensionContext context) {
        report = context.getConfigurationParameter(RunReport.FOLDER_PROPERTY)
                .map(folder -> RunReport.in(Path.of(folder)))
                .orElseGet(RunReport::standard);
        Recorder recorder = context.getConfigurationParameter(FigureLog.FILE_PROPERTY)
                .<Recorder>map(file -> new Recorders(List.of(report, FigureLog.in(Path.of(file)))))
                .orElse(report);
        Evaluator evaluator = new Evaluator(
                ReferenceCache.standard(),
                ProgressLine.on(new PrintWriter(System.err, false, StandardCharsets.UTF_8)),
                recorder);
        baselines = ModelAssayConfiguration.baselines(context);
        models = new ModelStore(settings -> ModelAssay.open(settings).load(evaluator, baselines));
    }

    static RunResources of(ExtensionContext context) {
        return context.getStore(StoreScope.LAUNCHER_SESSION, NAMESPACE)
                .getOrComputeIfAbsent(RunResources.class, key -> new RunResources(context), RunResources.class);
    }

    ModelStore models() {
        return models;
    }

    void tested(ExtensionContext context, String outcome, String message) {
        report.tested(name(context), outcome, message);
    }

    /** Class and method, with what tells repetitions apart: the quantization, and a display name of its own. */
    private static String name(ExtensionContext context) {
        String type = context.getRequiredTestClass().getName();
        Set<String> marks = new LinkedHashSet<>();
        EachQuantizationProvider.variant(context).ifPresent(variant -> marks.add(variant.toString()));
        context.getTestMethod()
                .filter(method -> !context.getDisplayName().equals(plainName(method)))
                .ifPresent(method -> marks.add(context.getDisplayName()));
        return type
                + context.getTestMethod().map(method -> "." + method.getName()).orElse("")
                + (marks.isEmpty() ? "" : " [" + String.join(", ", marks) + "]");
    }

    /** JUnit's display name of a method that has been given none. */
    private static String plainName(Method method) {
        return Arrays.stream(method.getParameterTypes())
                .map(Class::getSimpleName)
                .collect(Collectors.joining(", ", method.getName() + "(", ")"));
    }

    /** Leaves the report and closes the models; the report's summary is the run's last word. */
    @Override
    public void close() {
        try (models) {
            if (!report.isEmpty()) {
                report.baselines(baselines.recorded(), baselines.used());
                report.write();
                report.summary().forEach(System.out::println);
            }
        }
    }
}
