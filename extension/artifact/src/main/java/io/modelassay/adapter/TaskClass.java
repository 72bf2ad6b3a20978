package io.modelassay.adapter;

import io.modelassay.adapter.BaseModule.Kind;
import io.modelassay.checkpoint.Shape;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The class that an adapter's config has a base loaded with: {@code task_type} and {@code auto_mapping} say which head the
 * model has and whether its names begin with that of the model inside; the stored keys decide where that leaves a choice.
 */
final class TaskClass {
    private static final String MODEL = "model";

    private final AdapterConfig config;
    private final Map<String, Shape> stored;

    TaskClass(AdapterConfig config, Map<String, Shape> stored) {
        this.config = config;
        this.stored = stored;
    }

    BaseModules of(BaseModules base) {
        if (!config.taskHeads().isEmpty()) {
            return withTaskHead(base);
        }
        BaseModules model = isOfBareModel(base) ? bare(base) : base;
        return config.taskType().isEmpty() ? withNewModules(model) : model;
    }

    /** Where no task is named, the class may have modules of its own, which are stored whole. */
    private BaseModules withNewModules(BaseModules base) {
        Map<String, Shape> modules = new LinkedHashMap<>();
        stored.forEach((key, shape) -> {
            String name = key.startsWith(AdapterKey.PREFIX) ? key.substring(AdapterKey.PREFIX.length()) : "";
            boolean saved = config.modulesToSave().stream()
                    .anyMatch(module -> name.startsWith(module + ".") || ("." + name).contains("." + module + "."));
            if (saved && !base.parameters().containsKey(name)) {
                modules.put(name, shape);
            }
        });
        return modules.isEmpty() ? base : base.with(modules, Kind.OTHER);
    }

    /** A bare model is declared, and no stored name is that of the model with its head. */
    private boolean isOfBareModel(BaseModules base) {
        boolean declared = config.taskType().equals("FEATURE_EXTRACTION")
                || (config.taskType().isEmpty()
                        && config.baseClass()
                                .filter(name -> name.endsWith("Model") && !name.endsWith("LMHeadModel"))
                                .isPresent());
        return declared
                && AdaptedBase.modules(config, stored).stream()
                        .noneMatch(name -> base.find(name).isPresent());
    }

    private static BaseModules bare(BaseModules base) {
        String prefix = base.basePrefix() + ".";
        if (base.all().stream().noneMatch(module -> module.name().startsWith(prefix))) {
            return base;
        }
        return base.renamed(name -> name.startsWith(prefix) ? name.substring(prefix.length()) : "");
    }

    /** The task's head in place of the one over the vocabulary. */
    private BaseModules withTaskHead(BaseModules base) {
        BaseModules model = inside(base);
        Optional<String> vocabulary = base.head().map(BaseModule::name);
        BaseModules headless = vocabulary.isEmpty()
                ? model
                : model.renamed(
                        name -> name.equals(vocabulary.get()) || name.startsWith(vocabulary.get() + ".") ? "" : name);
        if (headless.parameters().keySet().stream().anyMatch(this::isOfTaskHead)) {
            return headless;
        }
        Map<String, Shape> head = storedHead();
        return headless.with(head.isEmpty() ? expectedHead(base) : head, Kind.OTHER);
    }

    /** Some classes for questions call the model inside them "transformer". */
    private BaseModules inside(BaseModules base) {
        String prefix = base.basePrefix() + ".";
        String other = "transformer.";
        boolean renamed = config.taskType().equals("QUESTION_ANS")
                && !prefix.equals(other)
                && AdaptedBase.modules(config, stored).stream().anyMatch(name -> name.startsWith(other));
        return renamed
                ? base.renamed(name -> name.startsWith(prefix) ? other + name.substring(prefix.length()) : name)
                : base;
    }

    private boolean isOfTaskHead(String parameter) {
        return config.taskHeads().stream().anyMatch(head -> parameter.startsWith(head + "."));
    }

    /** A head is made anew with as many outputs as its tensors have. */
    private Map<String, Shape> storedHead() {
        Map<String, Shape> head = new LinkedHashMap<>();
        stored.forEach((key, shape) -> {
            if (key.startsWith(AdapterKey.PREFIX) && isOfTaskHead(key.substring(AdapterKey.PREFIX.length()))) {
                head.put(key.substring(AdapterKey.PREFIX.length()), shape);
            }
        });
        return head;
    }

    /** Decoders call it "score", encoders "classifier"; two outputs unless the base's config says otherwise. */
    private Map<String, Shape> expectedHead(BaseModules base) {
        boolean decoder = base.basePrefix().equals(MODEL) || base.head().isPresent();
        String name = config.taskHeads().contains("score")
                ? decoder ? "score" : "classifier"
                : config.taskHeads().get(0);
        return base.inputEmbedding()
                .map(embedding ->
                        Map.of(name + ".weight", Shape.of(2, embedding.weight().dimension(1))))
                .orElse(Map.of());
    }
}
