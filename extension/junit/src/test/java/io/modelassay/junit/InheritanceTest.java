package io.modelassay.junit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import io.modelassay.ModelUnderTest;
import io.modelassay.quantization.Method;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.nio.file.Path;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.platform.engine.TestDescriptor;
import org.junit.platform.engine.TestTag;
import org.junit.platform.testkit.engine.EngineDiscoveryResults;
import org.junit.platform.testkit.engine.EngineExecutionResults;
import org.junit.platform.testkit.engine.EngineTestKit;

/** Annotations composed, inherited and in nested classes, and the tag they carry there. */
class InheritanceTest {
    @TempDir
    Path report;

    private void passes(Class<?> sample, int tests) {
        EngineExecutionResults results = Kit.run(report, sample);
        assertThat(Kit.failures(results.allEvents())).isEmpty();
        results.testEvents().assertStatistics(events -> events.succeeded(tests));
    }

    @Retention(RetentionPolicy.RUNTIME)
    @Target({ElementType.TYPE, ElementType.METHOD, ElementType.PARAMETER})
    @QuantizedModel(value = "fixture:tiny-qwen2", quantize = @Quantize(method = Method.NF4))
    @interface OurModel {}

    @Retention(RetentionPolicy.RUNTIME)
    @Target({ElementType.TYPE, ElementType.METHOD})
    @EachQuantization({@Quantize(method = Method.NF4), @Quantize(method = Method.LLM_INT8)})
    @interface OurQuantizations {}

    @OurModel
    static class ComposedOnClass {
        @Test
        void a(ModelUnderTest model) {
            Kit.saw("a", model);
        }

        @OurQuantizations
        @QuantizedModel("fixture:tiny-llama")
        void b(ModelUnderTest model) {
            Kit.saw("b", model);
        }
    }

    static class ComposedElsewhere {
        @Test
        @OurModel
        void a(ModelUnderTest model) {
            Kit.saw("a", model);
        }

        @Test
        void b(@OurModel ModelUnderTest model) {
            Kit.saw("b", model);
        }
    }

    @OurQuantizations
    @QuantizedModel("fixture:tiny-llama")
    static class ComposedQuantizations {
        @Test
        void a(ModelUnderTest model) {
            Kit.saw("a", model);
        }
    }

    @Test
    void annotationsMayBeComposed() {
        passes(ComposedOnClass.class, 3);
        assertThat(Kit.SEEN)
                .containsExactly("a = tiny-qwen2 as nf4", "b = tiny-llama as nf4", "b = tiny-llama as LLM.int8");
        passes(ComposedElsewhere.class, 2);
        assertThat(Kit.SEEN).containsExactly("a = tiny-qwen2 as nf4", "b = tiny-qwen2 as nf4");
        passes(ComposedQuantizations.class, 2);
        assertThat(Kit.SEEN).containsExactly("a = tiny-llama as nf4", "a = tiny-llama as LLM.int8");
    }

    static class SubclassOfComposed extends ComposedOnClassInherited {}

    @QuantizedModel("fixture:tiny-llama")
    static class ComposedOnClassInherited {
        @Test
        void a(ModelUnderTest model) {
            Kit.saw("a", model);
        }
    }

    @QuantizedModel("fixture:tiny-qwen2")
    static class OverridingSubclass extends ComposedOnClassInherited {}

    static class SubclassOfVariants extends ComposedQuantizationsInherited {}

    @EachQuantization({@Quantize(method = Method.NF4), @Quantize(method = Method.FP4)})
    @QuantizedModel("fixture:tiny-llama")
    static class ComposedQuantizationsInherited {
        @Test
        void a(ModelUnderTest model) {
            Kit.saw("a", model);
        }
    }

    @QuantizedModel("fixture:tiny-llama")
    interface Contract {
        @Test
        default void a(ModelUnderTest model) {
            Kit.saw("a", model);
        }
    }

    static class Implementation implements Contract {}

    @Test
    void subclassesInheritTheClassesAnnotations() {
        passes(SubclassOfComposed.class, 1);
        assertThat(Kit.SEEN).containsExactly("a = tiny-llama");
        passes(OverridingSubclass.class, 1);
        assertThat(Kit.SEEN).containsExactly("a = tiny-qwen2");
        passes(SubclassOfVariants.class, 2);
        assertThat(Kit.SEEN).containsExactly("a = tiny-llama as nf4", "a = tiny-llama as fp4");
        passes(Implementation.class, 1);
        assertThat(Kit.SEEN).containsExactly("a = tiny-llama");
    }

    @QuantizedModel("fixture:tiny-llama")
    static class Outer {
        @Nested
        class Inner {
            @Test
            void inner(ModelUnderTest model) {
                Kit.saw("inner", model);
            }

            @Nested
            @QuantizedModel("fixture:tiny-qwen2")
            class Innermost {
                Innermost(ModelUnderTest model) {
                    Kit.saw("innermost's constructor", model);
                }

                @Test
                void innermost(ModelUnderTest model) {
                    Kit.saw("innermost", model);
                }
            }
        }
    }

    @EachQuantization({@Quantize(method = Method.NF4), @Quantize(method = Method.FP4)})
    @QuantizedModel("fixture:tiny-llama")
    static class OuterVariants {
        @Nested
        @TestInstance(TestInstance.Lifecycle.PER_CLASS)
        class Inner {
            Inner(ModelUnderTest model) {
                Kit.saw("constructor", model);
            }

            @Test
            void inner(ModelUnderTest model) {
                Kit.saw("inner", model);
            }
        }
    }

    @Test
    void nestedClassesHaveTheirEnclosingClassesModel() {
        passes(Outer.class, 2);
        assertThat(Kit.SEEN)
                .containsExactly(
                        "inner = tiny-llama", "innermost's constructor = tiny-qwen2", "innermost = tiny-qwen2");
        passes(OuterVariants.class, 2);
        assertThat(Kit.SEEN)
                .containsExactly(
                        "constructor = tiny-llama as nf4",
                        "inner = tiny-llama as nf4",
                        "constructor = tiny-llama as fp4",
                        "inner = tiny-llama as fp4");
    }

    static class Tagged {
        @Test
        @QuantizedModel("fixture:tiny-llama")
        void onMethod(ModelUnderTest model) {}

        @Test
        @OurModel
        void composed(ModelUnderTest model) {}

        @Test
        void onParameter(@QuantizedModel("fixture:tiny-llama") ModelUnderTest model) {}
    }

    @Test
    void theTagReachesClassAndMethod() {
        EngineDiscoveryResults found = EngineTestKit.engine("junit-jupiter")
                .selectors(selectClass(Tagged.class), selectClass(SubclassOfComposed.class), selectClass(Outer.class))
                .discover();
        Set<? extends TestDescriptor> all = found.getEngineDescriptor().getDescendants();
        Set<String> tagged = all.stream()
                .filter(descriptor -> descriptor.getTags().contains(TestTag.create("quantized-model")))
                .map(TestDescriptor::getDisplayName)
                .collect(Collectors.toSet());
        assertThat(tagged)
                .contains("onMethod(ModelUnderTest)", "composed(ModelUnderTest)", "a(ModelUnderTest)")
                .contains("inner(ModelUnderTest)", "innermost(ModelUnderTest)")
                // Jupiter reads no tags from parameters.
                .doesNotContain("onParameter(ModelUnderTest)");
    }
}
