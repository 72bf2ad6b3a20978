package io.modelassay.junit;

import io.modelassay.evaluation.Evaluator;
import io.modelassay.evaluation.Recorder;
import io.modelassay.evaluation.ReferenceCache;
import io.modelassay.runtime.Progress;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;

/** What one run owns: its models and its report. One entry of the root store, closed with the run. */
final class RunResources implements AutoCloseable {
    private static final Namespace NAMESPACE = Namespace.create(RunResources.class);

    private final ModelStore models;

    private RunResources(ExtensionContext context) {
        models = new ModelStore(
                new Evaluator(ReferenceCache.standard(), Progress.SILENT, Recorder.NONE),
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

    void tested(ExtensionContext context, String outcome, String message) {}

    @Override
    public void close() {
        models.close();
    }
}
