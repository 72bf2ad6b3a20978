package io.modelassay.compatibility;

import io.modelassay.adapter.ExpertLayout;
import io.modelassay.adapter.LayoutRules;
import io.modelassay.adapter.LayoutRules.StackSides;
import io.modelassay.checkpoint.ModelConfig;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** What one version of PEFT knows and how it goes about loading, as far as the recorded facts tell. */
final class PeftVersion {
    private final LibraryVersion version;
    private final ModelConfig configs;
    private final ModelConfig rules;

    PeftVersion(LibraryVersion version, ModelConfig configs, ModelConfig rules) {
        this.version = version;
        this.configs = configs;
        this.rules = rules;
    }

    LibraryVersion version() {
        return version;
    }

    /** Whether it has the method. */
    boolean knows(String peftType) {
        return method(peftType)
                .filter(method -> holds(method.string("versions")))
                .isPresent();
    }

    /** Whether more is known of the method than its name. */
    boolean hasTensorsOf(String peftType) {
        return method(peftType)
                .filter(method -> !method.object("keys").keys().isEmpty())
                .isPresent();
    }

    /** The Python class of the method's config. */
    String configClass(String peftType) {
        return method(peftType).map(method -> method.string("class")).orElse("PeftConfig");
    }

    /** Whether the config of the method has the key. */
    boolean knowsKey(String peftType, String key) {
        return method(peftType)
                .map(method -> method.object("keys"))
                .filter(keys -> keys.has(key) && holds(keys.string(key)))
                .isPresent();
    }

    private Optional<ModelConfig> method(String peftType) {
        return configs.object("types").optionalObject(peftType);
    }

    /** "0.8.2" for since then, "0.11.1 .. 0.18.1" for what has gone again. */
    private boolean holds(String span) {
        String[] ends = span.split(" \\.\\. ", -1);
        return version.isAtLeast(LibraryVersion.of(ends[0]))
                && (ends.length == 1 || LibraryVersion.of(ends[1]).isAtLeast(version));
    }

    boolean knowsTask(String task) {
        return configs.object("task_types").has(task);
    }

    List<String> tasks() {
        return configs.object("task_types").keysInFileOrder();
    }

    /** The modules that the method takes in a model of this type if the config names none. */
    Optional<List<String>> defaultTargets(String peftType, String modelType) {
        String table = rules.has("default_targets_" + peftType) ? rule("default_targets_" + peftType) : peftType;
        return configs.object("default_targets").optionalObject(table).stream()
                .filter(models -> models.has(modelType))
                .flatMap(models -> models.objects(modelType).stream())
                .filter(entry -> version.isAtLeast(LibraryVersion.of(entry.string("since"))))
                .reduce((earlier, later) -> later)
                .map(entry -> entry.strings("modules"));
    }

    /** The rule of that name in this version: the last one that began with it or before. */
    String rule(String name) {
        ModelConfig values = rules.object(name);
        String found = "";
        for (String since : values.keysInFileOrder()) {
            if (version.isAtLeast(LibraryVersion.of(since))) {
                found = values.string(since);
            }
        }
        return found;
    }

    /** How this version lays out tensors beside a version of transformers. */
    LayoutRules layoutRules(LibraryVersion transformers) {
        return new LayoutRules(
                ExpertLayout.ofTransformers(transformers.major()),
                is("stacked_sides", "by class") ? StackSides.BY_CLASS : StackSides.INPUTS_FIRST,
                words("ensured_ties").contains("targets"),
                words("ensured_ties").contains("saved"),
                is("tied_ends", "always"));
    }

    boolean is(String rule, String value) {
        return rule(rule).equals(value);
    }

    Set<String> words(String rule) {
        return Arrays.stream(rule(rule).split(" ", -1))
                .filter(word -> !word.isEmpty())
                .collect(Collectors.toUnmodifiableSet());
    }
}
