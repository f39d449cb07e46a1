"""What guessers try first besides the leaked passwords themselves: words with digits behind them, walks along the keys, and
what people here type."""

# walks along a keyboard, an alphabet or the digits; any part of one is weak, in either direction
ROWS = (
    "01234567890123456789",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertyuiop[]",
    "asdfghjkl;'",
    "zxcvbnm,./",
    "1q2w3e4r5t6y7u8i9o0p",
    "qazwsxedcrfvtgbyhnujmikolp",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
    "!qaz@wsx#edc$rfv",
    "!@#$%^&*()_+",
)

_WORDS = """
1q2w3e4r aa abc abcd access account admin administrator adminadmin alexander alexis amanda andrea andrew angel apple
arsenal asdf asdfgh asdfghjkl asdfasdf ashley azerty baby babygirl bailey banana nanobanana nano-banana baseball
basketball batman blink blue buster butterfly changeme changeit charlie cheese chelsea chocolate computer cookie
corvette daniel default demo diamond dragon dubsmash eminem estrella facebook football forever freedom gfhjkm ghbdtn
google guest hannah harley hello helloworld hunter iloveu iloveyou internet iphone jennifer jessica jesus jordan
joshua justin killer lakers letmein linkedin liverpool login london love lovely loveme lovers maggie manager master
matrix matthew mercedes merlin michael michelle minecraft monkey mustang myspace naruto nicole nintendo ninja oracle
passer passw passwd passphrase password passwort p@ssword p@ssw0rd passw0rd pa$$word pa$$w0rd pepper phoenix player
please pokemon porsche prince princess purple qazwsx qqww qwer qweasd qweasdzxc qwert qwerty qwertyui qwertyuiop
qwerty@ rangers ranger robert root samantha samsung secret secure shadow silver slipknot soccer sophie spiderman
starwars startrek steelers sunshine superman superstar supervisor sweety system taylor temp tequiero test tester
testing testtest thomas thunder tigger trustno tweety user victoria vincent welcome whatever william winner winter
woaini xbox yamaha yankees zaq zxcvbn zxcvbnm mima wodemima woaini5201314 nihao caonima zhangwei wangwei baidu
taobao alibaba tencent 密码 我的密码 管理员 我爱你 你好
"""
_WHOLE = """
1q2w3e4r 1qaz@wsx 1qazxsw2 zaq12wsx zaq1zaq1 q1w2e3r4 q1w2e3r4t5 a1b2c3d4 a1s2d3f4 abc123456 a123456789 123456789a
123456abc 123456qwe 123qweasd 123qwe123 qwe123qwe qweasd123 1234qwer qwer1234 asdf1234 pass1234 123123123 123321123
112233445566 11223344 12344321 87654321 98765432 147258369 159357456 741852963 789456123 1234567890 0987654321
12345678a a12345678 mypassword thisispassword 123454321 12345678910 5201314520 52013145 7758521521 31415926 10203040
20202020 password! password1! welcome1! admin@123 root@123 pass@123 p@ss1234 qwerty1! letmein!
"""

WORDS = frozenset(_WORDS.split())
"""Weak alone and with any digits behind them."""

WHOLE = frozenset(_WHOLE.split())
"""Weak as they stand."""
