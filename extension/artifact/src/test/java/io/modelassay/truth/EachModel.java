package io.modelassay.truth;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** A test of every trained fixture, by name. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
@ParameterizedTest
@FieldSource("io.modelassay.truth.EachModel#NAMES")
public @interface EachModel {
    /** Names of the trained fixtures. */
    List<String> NAMES = List.of("tiny-llama", "tiny-mistral", "tiny-qwen2", "tiny-qwen3");
}
