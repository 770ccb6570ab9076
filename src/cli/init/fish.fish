# role-helper in fish: the active role in the prompt, and `assume`.
set -g __role_helper_bin @BINARY@
set -g __role_helper_prompts @PROMPTS@
set -g __role_helper_where @WHERE@

# Whether a role may be active, found out without starting a program.
function __role_helper_maybe
    test -x $__role_helper_bin; or return 1
    test -n "$ROLE_HELPER_PROFILE"; and return 0
    set -l profile "$AWS_PROFILE"
    test -n "$profile"; or set profile "$AWS_DEFAULT_PROFILE"
    test -n "$profile"; or return 1
    string match -qr '^(?!\.)[@PLAIN@]+$' -- $profile; or return 0
    test -e $__role_helper_prompts/$profile
end

# Before each prompt, so that the prompt's own functions start nothing and see the status as it was.
function __role_helper_update --on-event fish_prompt
    set -g __role_helper_segment
    if test $__role_helper_where != none; and __role_helper_maybe
        set -l columns 80
        test -n "$COLUMNS"; and set columns $COLUMNS
        set -g __role_helper_segment ($__role_helper_bin prompt --for fish --columns $columns 2>/dev/null)
    end
end

# On the left where fish shows the vi mode: in front of the prompt, whichever it is.
if test $__role_helper_where = left; and not functions -q __role_helper_user_mode
    if functions -q fish_mode_prompt
        functions -c fish_mode_prompt __role_helper_user_mode
    else
        function __role_helper_user_mode
        end
    end
    function fish_mode_prompt
        test -n "$__role_helper_segment"; and test $__role_helper_where = left; and echo -n "$__role_helper_segment "
        __role_helper_user_mode
    end
end
if test $__role_helper_where = right; and not functions -q __role_helper_user_right
    if functions -q fish_right_prompt
        functions -c fish_right_prompt __role_helper_user_right
    else
        function __role_helper_user_right
        end
    end
    function fish_right_prompt
        __role_helper_user_right
        test -n "$__role_helper_segment"; and test $__role_helper_where = right; and echo -n " $__role_helper_segment"
    end
end

# What `assume` is about to change, as the commands that bring it back.
function __role_helper_keep
    for name in @NAMES@
        if set -q $name
            echo set -gx $name (string escape -- "$$name")
        else
            echo set -e $name
        end
    end
end

function assume --description "Switch this shell's AWS role"
    if test (count $argv) -eq 0
        @PICK@
    end
    set -l text
    switch $argv[1]
        case -
            if test -z "$__role_helper_back"
                echo 'assume: there is nothing to go back to' >&2
                return 1
            end
            set text $__role_helper_back
        case -h --help
            echo 'usage: assume PROFILE [options of role-helper export] | assume -'
            return 0
        case '*'
            set text ($__role_helper_bin export --format fish $argv)
            or return
    end
    set -g __role_helper_back (__role_helper_keep)
    string join \n -- $text | source
    return 0
end
