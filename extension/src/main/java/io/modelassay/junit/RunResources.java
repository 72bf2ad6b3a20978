package io.modelassay.junit;

import io.modelassay.evaluation.Evaluator;
import io.modelassay.evaluation.ReferenceCache;
import io.modelassay.report.RunReport;
import io.modelassay.runtime.Progress;
import java.nio.file.Path;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;

/** What one run owns: its models and its report. One entry of the root store, closed with the run. */
final class RunResources implements AutoCloseable {
    private static final Namespace NAMESPACE = Namespace.create(RunResources.class);

    private final RunReport report;
    private final ModelStore models;

    private RunResources(ExtensionContext context) {
        report = context.getConfigurationParameter(RunReport.FOLDER_PROPERTY)
                .map(folder -> RunReport.in(Path.of(folder)))
                .orElseGet(RunReport::standard);
        models = new ModelStore(
                new Evaluator(ReferenceCache.standard(), Progress.SILENT, report),
                ModelAssayConfiguration.loadTimeout(context));
    }

    static RunResources of(ExtensionContext context) {
        return context.getRoot()
                .getStore(NAMESPACE)
                .getOrComputeIfAbsent(RunResources.class, key -> new RunResources(context), RunResources.class);
    }

    ModelStore models() {
        return models;
    }

    void tested(ExtensionContext context, String outcome, String message) {
        String method =
                context.getTestMethod().map(found -> "." + found.getName()).orElse("");
        String name = context.getRequiredTestClass().getName() + method;
        // Repetitions of a method differ in their display names only.
        boolean repeated = !context.getDisplayName().startsWith(method.isEmpty() ? "\0" : method.substring(1));
        report.tested(repeated ? name + " [" + context.getDisplayName() + "]" : name, outcome, message);
    }

    /** Closes the models and leaves the report; its summary is the run's last word. */
    @Override
    public void close() {
        models.close();
        if (!report.isEmpty()) {
            report.write();
            report.summary().forEach(System.out::println);
        }
    }
}
